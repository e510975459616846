import type { ComponentChildren, JSX } from 'preact';
import { TestCard } from '../components/test-card.tsx';

export interface EmptyProps {
  title: string;
  children?: ComponentChildren;
  /** What to do about it. */
  action?: ComponentChildren;
  /** Chooses the bars of the test card. */
  seed?: string;
  /** Without the picture, inside small places. */
  small?: boolean;
  testid?: string;
}

/** Nothing is here: why, and how something comes here. */
export function Empty({ title, children, action, seed = title, small = false, testid }: EmptyProps): JSX.Element {
  return (
    <div class={`blank${small ? ' blank-small' : ''}`} data-testid={testid}>
      {!small && (
        <div class="blank-picture">
          <TestCard seed={seed} />
        </div>
      )}
      <p class="blank-title">{title}</p>
      {children && <div class="blank-words">{children}</div>}
      {action && <div class="blank-action">{action}</div>}
    </div>
  );
}
