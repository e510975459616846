import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';
import { controlOf, Told } from './field.tsx';
import { Spinner } from './spinner.tsx';

export interface SwitchProps {
  label: string;
  hint?: ComponentChildren;
  error?: string;
  value: boolean;
  onValue(value: boolean): void;
  disabled?: boolean;
  /** What was chosen is on its way to the server. */
  busy?: boolean;
  name?: string;
  testid?: string;
}

/** On or off, at once. */
export function Switch({ label, hint, error = '', value, onValue, disabled, busy = false, name, testid }: SwitchProps): JSX.Element {
  const id = useId();
  return (
    <div class="field switch" data-state={error ? 'error' : undefined}>
      <label class="switch-line" for={id}>
        <span class="field-label">{label}</span>
        {busy && <Spinner />}
        <input
          {...controlOf(id, hint, error)}
          type="checkbox"
          role="switch"
          name={name}
          checked={value}
          disabled={disabled}
          aria-busy={busy || undefined}
          data-testid={testid}
          onChange={(ev) => {
            const next = ev.currentTarget.checked;
            ev.currentTarget.checked = value; // until who holds the value says otherwise
            if (!busy) onValue(next);
          }}
        />
      </label>
      <Told id={id} hint={hint} error={error} />
    </div>
  );
}

/** A box to tick, such as one of several in a form. */
export function Checkbox({ label, value, onValue, disabled, name, labelHidden, some = false, testid }: Pick<SwitchProps, 'label' | 'value' | 'onValue' | 'disabled' | 'name' | 'testid'> & { labelHidden?: boolean; some?: boolean }): JSX.Element {
  return (
    <label class="check">
      <input
        type="checkbox"
        name={name}
        checked={value}
        disabled={disabled}
        ref={(el) => {
          if (el) el.indeterminate = some;
        }}
        data-testid={testid}
        onChange={(ev) => onValue(ev.currentTarget.checked)}
      />
      <span class={labelHidden ? 'hidden' : undefined}>{label}</span>
    </label>
  );
}
