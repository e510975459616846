export interface PaceOptions {
  baseMs: number;
  capMs: number;
  /** 0 ≤ random() < 1 */
  random?: () => number;
}

/** How long to wait before looking again: longer each time nothing changed, up to cap, and a quarter more or less, so that many who look do it apart. */
export class Pace {
  readonly #base: number;
  readonly #cap: number;
  readonly #random: () => number;
  #whole: number;

  constructor({ baseMs, capMs, random = Math.random }: PaceOptions) {
    this.#base = this.#whole = baseMs;
    this.#cap = capMs;
    this.#random = random;
  }

  next(changed: boolean): number {
    this.#whole = changed ? this.#base : Math.min(this.#whole * 2, this.#cap);
    return Math.round(this.#whole * (0.75 + this.#random() / 2));
  }
}
