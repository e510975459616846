/** What of the danmaku library flies messages over one canvas. */
export interface Canvas<Message> {
  emit(message: Message): unknown;
  resize(): unknown;
  destroy(): unknown;
}

/** A canvas keeps each message it ever flew: after so many the next ones get another. */
export const MOST_ON_A_CANVAS = 500;

/**
 * Messages that fly, on a canvas that is there only as long as one does: the library draws it anew with each frame, also when
 * it is empty.
 */
export class Flights<Message> {
  readonly #make: () => Canvas<Message>;
  readonly #crossing: () => number;
  #open: { canvas: Canvas<Message>; flown: number; last: number } | null = null;
  readonly #all = new Map<Canvas<Message>, ReturnType<typeof setTimeout>>();

  /** crossing is how many milliseconds a message needs from one edge to the other, as wide as the picture is now. */
  constructor(make: () => Canvas<Message>, crossing: () => number) {
    this.#make = make;
    this.#crossing = crossing;
  }

  emit(message: Message): void {
    if (this.#open === null || this.#open.flown >= MOST_ON_A_CANVAS) this.#open = { canvas: this.#make(), flown: 0, last: 0 };
    const open = this.#open;
    open.flown++;
    open.last = Date.now();
    open.canvas.emit(message);
    if (!this.#all.has(open.canvas)) this.#watch(open);
  }

  resize(): void {
    for (const canvas of this.#all.keys()) canvas.resize();
  }

  end(): void {
    for (const [canvas, timer] of this.#all) {
      clearTimeout(timer);
      canvas.destroy();
    }
    this.#all.clear();
    this.#open = null;
  }

  /** Takes the canvas away when its last message is over the edge; that of a picture that grew is so later. */
  #watch(one: { canvas: Canvas<Message>; last: number }): void {
    const left = one.last + this.#crossing() + 500 - Date.now();
    this.#all.set(
      one.canvas,
      setTimeout(() => {
        if (Date.now() < one.last + this.#crossing()) return this.#watch(one);
        one.canvas.destroy();
        this.#all.delete(one.canvas);
        if (this.#open?.canvas === one.canvas) this.#open = null;
      }, left),
    );
  }
}
