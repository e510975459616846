/** How far behind live a viewer is kept. Seconds. */
export interface LatencyPolicy {
  target: number; // wanted distance from the newest frame
  slack: number; // beyond target + slack the player speeds up, until it is at the target again
  jump: number; // beyond this it jumps
}

/** FLV: two seconds are enough for the encoder's and the network's unevenness. */
export const flvPolicy: LatencyPolicy = { target: 1.2, slack: 0.6, jump: 6 };

/** Each stall asks for more room, up to a bound: a bad line gets a steadier picture instead of a nearer one. */
export function widened(policy: LatencyPolicy, stalls: number): LatencyPolicy {
  const more = Math.min(stalls * 0.6, 3);
  return { target: policy.target + more, slack: policy.slack, jump: policy.jump + more };
}

export interface Move {
  rate: number;
  /** Where to go on at once, if the way is too long to be caught up. */
  seekTo: number | null;
}

/** What a player at `position` with media up to `end` should do. `rate` is what it does now (no flutter at the edge). */
export function chase(position: number, start: number, end: number, rate: number, policy: LatencyPolicy): Move {
  const behind = end - position;
  // Outside of what there is: before the first frame (a stream that does not begin at 0), or in a hole.
  if (position < start || behind > policy.jump) return { rate: 1, seekTo: Math.max(start, end - policy.target) };
  if (behind <= policy.target) return { rate: 1, seekTo: null };
  if (rate > 1 || behind > policy.target + policy.slack) {
    return { rate: behind > policy.target + 2 ? 1.1 : 1.05, seekTo: null };
  }
  return { rate: 1, seekTo: null };
}
