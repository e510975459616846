import type { ComponentChildren, JSX } from 'preact';
import type { Tone } from './callout.tsx';

export interface StatProps {
  label: string;
  /** Already as the reader's language writes it; null where it is not known (yet). */
  value: string | null;
  unit?: string;
  hint?: ComponentChildren;
  kind?: Tone;
  testid?: string;
}

/** One figure. Several stand in a <Stats>. */
export function Stat({ label, value, unit, hint, kind, testid }: StatProps): JSX.Element {
  return (
    <div class={`stat${kind ? ` stat-${kind}` : ''}`} data-testid={testid}>
      <dt>{label}</dt>
      <dd>
        <span class="stat-value number">{value ?? '–'}</span>
        {unit && value !== null && <span class="stat-unit"> {unit}</span>}
        {hint && <small class="stat-hint">{hint}</small>}
      </dd>
    </div>
  );
}

export const Stats = ({ children }: { children: ComponentChildren }): JSX.Element => <dl class="stats">{children}</dl>;
