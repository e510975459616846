import type { ComponentChildren, JSX } from 'preact';
import type { Tone } from './callout.tsx';

export interface BadgeProps {
  children: ComponentChildren;
  kind?: Tone | 'plain';
  /** A small lamp before the words, as beside a state that may change. */
  lamp?: boolean;
  testid?: string;
}

/** One word about a thing: its state, its kind. A room's own state has StatusSign. */
export function Badge({ children, kind = 'plain', lamp = false, testid }: BadgeProps): JSX.Element {
  return (
    <span class={`badge badge-${kind}`} data-testid={testid}>
      {lamp && <span class="lamp" aria-hidden="true" />}
      {children}
    </span>
  );
}
