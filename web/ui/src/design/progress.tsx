import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';
import { languageTag } from '../i18n/core.ts';

export interface ProgressProps {
  label: string;
  /** How far, of `max`; without it only that something goes on. */
  value?: number;
  max?: number;
  /** What is being done just now, or how much of how much. */
  words?: ComponentChildren;
  kind?: 'good' | 'bad';
  testid?: string;
}

/** How far something long has come. */
export function Progress({ label, value, max = 100, words, kind, testid }: ProgressProps): JSX.Element {
  const id = useId();
  const share = value === undefined ? null : Math.min(1, Math.max(0, max > 0 ? value / max : 0));
  return (
    <div class={`progress${kind ? ` progress-${kind}` : ''}`} data-state={share === null ? 'going' : share === 1 ? 'done' : 'part'} data-testid={testid}>
      <div class="progress-top">
        <label for={id}>{label}</label>
        {share !== null && <span class="number">{new Intl.NumberFormat(languageTag(), { style: 'percent' }).format(share)}</span>}
      </div>
      <progress id={id} {...(share === null ? {} : { value: share, max: 1 })} />
      {words && <small class="progress-words">{words}</small>}
    </div>
  );
}
