import type { JSX } from 'preact';
import { hash } from '../lib/hash.ts';

const BARS = 7;

/**
 * The picture of a room that has none: a test card as studios show it. Bars and ring follow from the room's id, so that
 * each room looks like itself everywhere. Drawn, not fetched.
 */
export function TestCard({ seed }: { seed: string }): JSX.Element {
  const h = hash(seed);
  const turn = h % BARS;
  const step = 1 + ((h >>> 4) % (BARS - 1)); // BARS is prime: every step visits every colour
  const ring = 33 + ((h >>> 8) % 5);
  const tilt = [0, 0, 90, -18, 18][(h >>> 12) % 5];
  return (
    <svg class="test-card" viewBox="0 0 160 90" preserveAspectRatio="xMidYMid slice" aria-hidden="true" focusable="false">
      <rect class="tc-ground" width="160" height="90" />
      <path class="tc-grid" d={GRID} />
      <circle class="tc-disc" cx="80" cy="45" r={ring} />
      <g transform={`rotate(${tilt} 80 45)`}>
        {Array.from({ length: BARS }, (_, i) => (
          <rect key={i} class={`tc-bar-${(turn + i * step) % BARS}`} x={55 + (i * 50) / BARS} y={i % 2 === (h & 1) ? 28 : 31} width={50 / BARS + 0.15} height="25" />
        ))}
        <rect class="tc-ink" x="55" y="57.5" width="25" height="4" />
        <rect class="tc-paper" x="80" y="57.5" width="25" height="4" />
      </g>
      <circle class="tc-ring" cx="80" cy="45" r={ring} />
    </svg>
  );
}

/** The quiet form, to stand behind words: the grid, the ring's edge, and the room's bars along the bottom. */
export function StandByCard({ seed }: { seed: string }): JSX.Element {
  const h = hash(seed);
  const turn = h % BARS;
  const step = 1 + ((h >>> 4) % (BARS - 1));
  return (
    <>
      <svg class="test-card" viewBox="0 0 160 90" preserveAspectRatio="xMidYMid slice" aria-hidden="true" focusable="false">
        <rect class="tc-ground" width="160" height="90" />
        <path class="tc-grid" d={GRID} />
        <circle class="tc-grid" cx="80" cy="45" r="42" />
        <path class="tc-grid" d="M80 0V90M0 45H160" />
      </svg>
      <svg class="test-strip" viewBox={`0 0 ${BARS} 1`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
        {Array.from({ length: BARS }, (_, i) => (
          <rect key={i} class={`tc-bar-${(turn + i * step) % BARS}`} x={i} width="1.02" height="1" />
        ))}
      </svg>
    </>
  );
}

const GRID = [
  ...Array.from({ length: 15 }, (_, i) => `M${10 + i * 10} 0V90`),
  ...Array.from({ length: 8 }, (_, i) => `M0 ${10 + i * 10}H160`),
].join('');
