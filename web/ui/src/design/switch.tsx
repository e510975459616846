import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';
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
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div class="field switch" data-state={error ? 'error' : undefined}>
      <label class="switch-line" for={id}>
        <span class="field-label">{label}</span>
        {busy && <Spinner />}
        <input
          id={id}
          type="checkbox"
          role="switch"
          name={name}
          checked={value}
          disabled={disabled}
          aria-busy={busy || undefined}
          aria-describedby={described || undefined}
          aria-invalid={error ? 'true' : undefined}
          data-testid={testid}
          onChange={(ev) => {
            const next = ev.currentTarget.checked;
            ev.currentTarget.checked = value; // until who holds the value says otherwise
            if (!busy) onValue(next);
          }}
        />
      </label>
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <p class="field-error" id={`${id}-error`} role="alert">
        {error}
      </p>
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
