/** Waits with full jitter: anywhere between nothing and base·2ⁿ, at most cap. A herd of viewers must not come back in step. */
export class Backoff {
  readonly #random: () => number;
  readonly #baseMs: number;
  readonly #capMs: number;
  #attempt = 0;

  constructor(random: () => number, baseMs = 500, capMs = 20_000) {
    this.#random = random;
    this.#baseMs = baseMs;
    this.#capMs = capMs;
  }

  get attempts(): number {
    return this.#attempt;
  }

  next(): number {
    const whole = Math.min(this.#capMs, this.#baseMs * 2 ** Math.min(this.#attempt, 20));
    this.#attempt++;
    return Math.round(whole * this.#random());
  }

  reset(): void {
    this.#attempt = 0;
  }
}
