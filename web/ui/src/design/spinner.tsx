import type { JSX } from 'preact';

/** The bars of the test card, on the move: something is on its way. Says nothing itself; who shows it says what is awaited. */
export function Spinner(): JSX.Element {
  return (
    <span class="spin" aria-hidden="true">
      <i /> <i /> <i /> <i /> <i />
    </span>
  );
}
