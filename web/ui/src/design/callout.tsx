import type { ComponentChildren, JSX } from 'preact';
import { Tick } from '../components/icons.tsx';
import { Info, Stop, Warning } from './icons.tsx';

/** `note`: good to know. `good`: it went well. `warn`: look at it. `bad`: it failed. */
export type Tone = 'note' | 'good' | 'warn' | 'bad';

const icons = { note: Info, good: Tick, warn: Warning, bad: Stop };

export interface CalloutProps {
  kind?: Tone;
  title?: string;
  children?: ComponentChildren;
  /** The way on: a button or link. */
  action?: ComponentChildren;
  testid?: string;
}

/** Words that belong to a place, in a frame of their own. A failure is read out as it appears. */
export function Callout({ kind = 'note', title, children, action, testid }: CalloutProps): JSX.Element {
  const Icon = icons[kind];
  return (
    <div class={`callout callout-${kind}`} role={kind === 'bad' ? 'alert' : undefined} data-testid={testid}>
      <Icon />
      <div class="callout-words">
        {title && <p class="callout-title">{title}</p>}
        {children && <div>{children}</div>}
      </div>
      {action && <div class="callout-action">{action}</div>}
    </div>
  );
}
