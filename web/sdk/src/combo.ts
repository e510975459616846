import type { Combo, ComboOptions, Environment } from './types.ts';

/** How many of a gift one order may be for. */
export const MOST_OF_ONE = 9999;

/** Clicks in a row, merged into a few orders a second. After a rest the next click begins another run. */
export class Run implements Combo {
  readonly groupID: string;
  readonly gift: string;
  id: string;
  clicks = 0;
  readonly #env: Environment;
  readonly #everyMs: number;
  readonly #restMs: number;
  readonly #newID: () => string;
  readonly #order: (combo: string, count: number) => void;
  #waiting = 0;
  #clickedAt = 0;
  #timer: unknown = null; // runs while no order may leave

  constructor(env: Environment, o: ComboOptions, newID: () => string, order: (combo: string, count: number) => void) {
    this.groupID = o.groupID;
    this.gift = o.gift;
    this.#env = env;
    this.#everyMs = 1000 / Math.min(Math.max(Number(o.perSecond) || 2, 0.2), 10);
    this.#restMs = Number(o.restMs) || 3000;
    this.#newID = newID;
    this.#order = order;
    this.id = newID();
  }

  click(n = 1): void {
    const now = this.#env.now();
    if (this.clicks > 0 && this.#waiting === 0 && now - this.#clickedAt >= this.#restMs) {
      this.id = this.#newID();
      this.clicks = 0;
    }
    this.#clickedAt = now;
    const more = Math.min(Math.max(1, Math.floor(n) || 1), MOST_OF_ONE); // a slip must not buy a million
    this.clicks += more;
    this.#waiting += more;
    if (this.#timer === null) this.#leave();
  }

  #leave(): void {
    this.#timer = null;
    if (this.#waiting === 0) return;
    const count = Math.min(this.#waiting, MOST_OF_ONE);
    this.#waiting -= count;
    this.#timer = this.#env.setTimeout(() => this.#leave(), this.#everyMs);
    this.#order(this.id, count);
  }
}
