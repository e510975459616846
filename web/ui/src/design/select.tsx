import type { JSX } from 'preact';
import { ChevronDown } from './icons.tsx';
import { FieldFrame, type FrameProps } from './field.tsx';

export interface Option<V extends string = string> {
  value: V;
  label: string;
  disabled?: boolean;
}

export interface SelectProps<V extends string = string> extends FrameProps {
  value: V;
  onValue(value: NoInfer<V>): void;
  options: readonly Option<NoInfer<V>>[];
  name?: string;
  disabled?: boolean;
  testid?: string;
}

/** One of several that need not all be seen. The device's own list, which every hand and reader knows. */
export function Select<V extends string>({ value, onValue, options, name, disabled, testid, ...frame }: SelectProps<V>): JSX.Element {
  return (
    <FieldFrame {...frame}>
      {(control) => (
        <div class="control control-select" data-disabled={disabled || undefined}>
          <select {...control} name={name} value={value} disabled={disabled} data-testid={testid} onChange={(ev) => onValue(ev.currentTarget.value as V)}>
            {options.map((one) => (
              <option key={one.value} value={one.value} disabled={one.disabled}>
                {one.label}
              </option>
            ))}
          </select>
          <ChevronDown />
        </div>
      )}
    </FieldFrame>
  );
}
