import { signal, type ReadonlySignal } from '@preact/signals';
import { Backoff } from './backoff.ts';

export interface PollOptions<T> {
  ask(signal: AbortSignal): Promise<T>;
  /** ms from an answer to the next question; may change between two. */
  every(): number;
  /** Takes an answer. */
  take(answer: T): void;
  /** How long at most between two tries while it fails, ms. */
  capMs?: number;
}

/** Asks again and again as long as the page is seen; one question at a time, and fewer of them while they fail. */
export class Poll<T> {
  /** The last question failed: what is shown may be old. */
  readonly failed: ReadonlySignal<boolean>;
  readonly #failed = signal(false);
  readonly #o: PollOptions<T>;
  readonly #backoff: Backoff;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | null = null;
  #running = false;

  constructor(options: PollOptions<T>) {
    this.#o = options;
    this.#backoff = new Backoff({ baseMs: 1000, capMs: options.capMs ?? 15_000 });
    this.failed = this.#failed;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    if (typeof document !== 'undefined') document.addEventListener('visibilitychange', this.#look);
    if (typeof addEventListener !== 'undefined') addEventListener('online', this.now);
    this.now();
  }

  stop(): void {
    this.#running = false;
    if (typeof document !== 'undefined') document.removeEventListener('visibilitychange', this.#look);
    if (typeof removeEventListener !== 'undefined') removeEventListener('online', this.now);
    this.#halt();
  }

  /** Asks at once, whatever is under way. */
  readonly now = (): void => {
    if (!this.#running) return;
    this.#halt();
    void this.#round();
  };

  readonly #look = (): void => {
    if (document.visibilityState === 'visible') this.now();
    else this.#halt();
  };

  #halt(): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = null;
  }

  async #round(): Promise<void> {
    const asking = (this.#asking = new AbortController());
    let wait: number;
    try {
      const answer = await this.#o.ask(asking.signal);
      if (asking !== this.#asking) return;
      this.#o.take(answer);
      this.#failed.value = false;
      this.#backoff.reset();
      wait = this.#o.every();
    } catch {
      if (asking !== this.#asking) return;
      this.#failed.value = true;
      wait = Math.max(this.#o.every(), this.#backoff.next());
    }
    this.#timer = setTimeout(() => void this.#round(), wait);
  }
}
