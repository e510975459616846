import type { ComponentChildren, JSX, TargetedKeyboardEvent } from 'preact';
import { useId } from 'preact/hooks';
import { measure, type Limit } from './limit.ts';
import { plural, t } from './texts.ts';

export interface FrameProps {
  label: string;
  /** Stays beside the field: what it is for, what is allowed. */
  hint?: ComponentChildren;
  /** What is at fault, in words; '' for nothing. */
  error?: string;
  /** Says that it may be left empty. */
  optional?: boolean;
  /** The label is for who can't see what is around it only. */
  labelHidden?: boolean;
}

/** What a control inside a frame must carry. */
export interface ControlProps {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': 'true' | undefined;
}

/** Label, hint and error around any control, bound to it. */
export function FieldFrame({ label, hint, error = '', optional, labelHidden, aside, children }: FrameProps & { aside?: ComponentChildren; children(control: ControlProps): JSX.Element }): JSX.Element {
  const id = useId();
  return (
    <div class="field" data-state={error ? 'error' : undefined}>
      <div class={labelHidden ? 'hidden' : 'field-top'}>
        <label class="field-label" for={id}>
          {label}
          {optional && <small class="field-optional"> {t('optional')}</small>}
        </label>
        {aside}
      </div>
      {children(controlOf(id, hint, error))}
      <Told id={id} hint={hint} error={error} />
    </div>
  );
}

/** Binds a control to what Told says of it. */
export function controlOf(id: string, hint: ComponentChildren, error: string): ControlProps {
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return { id, 'aria-describedby': described || undefined, 'aria-invalid': error ? 'true' : undefined };
}

/** Below a control: what it is for, and what is at fault with it. */
export function Told({ id, hint, error }: { id: string; hint: ComponentChildren; error: string }): JSX.Element {
  return (
    <>
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <p class="field-error" id={`${id}-error`} role="alert">
        {error}
      </p>
    </>
  );
}

export interface FieldProps extends FrameProps {
  value: string;
  onValue(value: string): void;
  name?: string;
  type?: 'text' | 'password' | 'search' | 'url' | 'number' | 'datetime-local' | 'time' | 'color';
  /** Several lines: how many are seen. */
  rows?: number;
  /** How long it may be, counted as the server counts it; longer text can be typed and is told, never cut. */
  limit?: Limit;
  placeholder?: string;
  required?: boolean;
  disabled?: boolean;
  /** Shown to be read and copied. */
  readOnly?: boolean;
  /** Code, keys, addresses: every character counts. */
  mono?: boolean;
  autocomplete?: string;
  inputMode?: 'text' | 'numeric' | 'decimal' | 'url' | 'search';
  min?: number | string;
  max?: number | string;
  step?: number | string;
  /** Stands before or after what is typed, such as a unit. */
  before?: ComponentChildren;
  after?: ComponentChildren;
  onBlur?(): void;
  onKeyDown?(ev: TargetedKeyboardEvent<HTMLInputElement | HTMLTextAreaElement>): void;
  testid?: string;
}

/** One line of text, or several. */
export function Field(props: FieldProps): JSX.Element {
  const { label, hint, error, optional, labelHidden, value, onValue, limit, rows, type = 'text', mono, before, after, readOnly, testid } = props;
  const shared = {
    name: props.name,
    value,
    placeholder: props.placeholder,
    required: props.required,
    disabled: props.disabled,
    readOnly,
    autocomplete: (props.autocomplete ?? 'off') as 'off',
    spellcheck: !mono && type === 'text',
    onBlur: props.onBlur,
    onKeyDown: props.onKeyDown,
    'data-testid': testid,
  };
  return (
    <FieldFrame label={label} hint={hint} error={error} optional={optional} labelHidden={labelHidden} aside={limit && <Counter value={value} limit={limit} />}>
      {(control) => (
        <div class={`control${mono ? ' control-mono' : ''}`} data-disabled={props.disabled || undefined}>
          {before && <span class="control-side">{before}</span>}
          {rows ? (
            <textarea {...control} {...shared} rows={rows} onInput={(ev) => onValue(ev.currentTarget.value)} />
          ) : (
            <input {...control} {...shared} type={type as 'text'} inputMode={props.inputMode} min={props.min} max={props.max} step={props.step} onInput={(ev) => onValue(ev.currentTarget.value)} />
          )}
          {after && <span class="control-side">{after}</span>}
        </div>
      )}
    </FieldFrame>
  );
}

/** How much is left, once it matters. */
function Counter({ value, limit }: { value: string; limit: Limit }): JSX.Element {
  const left = limit.max - measure(value, limit.unit);
  const near = left <= Math.max(10, limit.max / 5);
  return (
    <small class="field-count number" data-state={left < 0 ? 'over' : undefined} role="status">
      {left < 0 ? plural(`over_${limit.unit}`, -left) : near ? plural(`left_${limit.unit}`, left) : ''}
    </small>
  );
}
