export interface BackoffOptions {
  baseMs: number;
  capMs: number;
  /** 0 ≤ random() < 1 */
  random?: () => number;
}

/** Growing waits with jitter: between half and the whole of base·2ⁿ, at most cap. A herd of viewers must not come back in step. */
export class Backoff {
  readonly #base: number;
  readonly #cap: number;
  readonly #random: () => number;
  #attempt = 0;

  constructor(options: BackoffOptions) {
    this.#base = options.baseMs;
    this.#cap = options.capMs;
    this.#random = options.random ?? Math.random;
  }

  next(): number {
    const whole = Math.min(this.#cap, this.#base * 2 ** Math.min(this.#attempt, 30));
    this.#attempt++;
    return Math.round(whole / 2 + (whole / 2) * this.#random());
  }

  reset(): void {
    this.#attempt = 0;
  }
}
