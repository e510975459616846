import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import type { Option } from './select.tsx';

export interface SegmentedProps<V extends string = string> {
  label: string;
  /** Seen above it, not only read out. */
  labelShown?: boolean;
  value: V;
  onValue(value: NoInfer<V>): void;
  options: readonly Option<NoInfer<V>>[];
  disabled?: boolean;
  testid?: string;
}

/** One of a few, all seen: a group of radio buttons. */
export function Segmented<V extends string>({ label, labelShown = false, value, onValue, options, disabled = false, testid }: SegmentedProps<V>): JSX.Element {
  const name = useId();
  return (
    <fieldset class="segmented" disabled={disabled} data-testid={testid}>
      <legend class={labelShown ? 'field-label' : 'hidden'}>{label}</legend>
      <div class="segments">
        {options.map((one) => (
          <label key={one.value}>
            <input type="radio" name={name} value={one.value} checked={value === one.value} disabled={one.disabled} onChange={() => onValue(one.value)} data-testid={testid && `${testid}-${one.value}`} />
            <span>{one.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
