/** Lets at most `perSecond` flying messages through, and a repeated text once in a while: a picture must stay visible behind them. */
export class DanmakuGate {
  readonly #perSecond: number;
  readonly #repeatMs: number;
  #times: number[] = [];
  #texts = new Map<string, number>();

  constructor(perSecond = 8, repeatMs = 4000) {
    this.#perSecond = perSecond;
    this.#repeatMs = repeatMs;
  }

  admits(text: string, now: number): boolean {
    for (const [known, at] of this.#texts) if (now - at >= this.#repeatMs) this.#texts.delete(known);
    if (this.#texts.has(text)) return false;
    this.#times = this.#times.filter((at) => now - at < 1000);
    if (this.#times.length >= this.#perSecond) return false;
    this.#times.push(now);
    this.#texts.set(text, now);
    return true;
  }
}
