import { ChatError, CODE } from './error.ts';

/** How often a kind of call may be made: `calls` in `ms`. The server has limits of its own; these only save it the asking. */
const LIMITS = {
  writeAttributes: { calls: 10, ms: 5000 },
  readAttributes: { calls: 20, ms: 5000 },
  writeCounters: { calls: 20, ms: 5000 },
  readCounters: { calls: 20, ms: 5000 },
  groupProfile: { calls: 20, ms: 1000 },
  memberList: { calls: 1, ms: 3000 },
} as const;

export type Rate = keyof typeof LIMITS;

/** Counts calls of this instance in trailing windows. */
export class Rates {
  readonly #made = new Map<Rate, number[]>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts one call, or throws 2996. */
  spend(rate: Rate): void {
    const { calls, ms } = LIMITS[rate];
    const now = this.#now();
    const recent = (this.#made.get(rate) ?? []).filter((at) => now - at < ms && at <= now);
    if (recent.length >= calls) {
      throw new ChatError(CODE.TOO_OFTEN, `called too often: ${calls} in ${ms / 1000} s are allowed`, { nextAt: (recent[0] as number) + ms, temporary: true });
    }
    recent.push(now);
    this.#made.set(rate, recent);
  }
}
