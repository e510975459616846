import { signal, type ReadonlySignal } from '@preact/signals';
import type { StatusRecord } from '../api/types.ts';
import { Backoff } from '../lib/backoff.ts';
import { parseRecord, reduce } from '../status/newest.ts';

/** The part of an EventSource that is used; tests give their own. */
export interface Source {
  readonly readyState: number;
  addEventListener(kind: string, listener: (ev: { data?: unknown }) => void): void;
  close(): void;
}

export interface FeedOptions {
  open(): Source;
  /** It was closed by the server's answer, not by the network: the session may be over. */
  onRefused(): void;
  random?: () => number;
}

const CLOSED = 2; // EventSource.CLOSED

/**
 * Follows the statuses of all rooms, each change as it happens. The browser comes back by itself after a loss and goes on
 * where it was; what the server refuses is tried again with growing waits, and pages ask by themselves meanwhile.
 */
export class Feed {
  /** Changes arrive; while not, pages ask more often. */
  readonly following: ReadonlySignal<boolean>;
  readonly #following = signal(false);
  readonly #options: FeedOptions;
  readonly #backoff: Backoff;
  readonly #newest = new Map<string, StatusRecord>();
  readonly #listeners = new Set<(record: StatusRecord, news: boolean) => void>();
  #source: Source | null = null;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #ready = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.following = this.#following;
    this.#backoff = new Backoff({ baseMs: 2000, capMs: 30_000, ...(options.random ? { random: options.random } : {}) });
  }

  /** Hears of each newer status until the returned function is called; `news`: it has just happened. */
  hear(listener: (record: StatusRecord, news: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The newest of what was heard and another source said. */
  newest(record: StatusRecord): StatusRecord {
    return reduce(this.#newest.get(record.room) ?? null, record);
  }

  start(): void {
    if (this.#source || this.#retry !== null) return;
    const source = this.#options.open();
    this.#source = source;
    source.addEventListener('open', () => {
      this.#following.value = true;
      this.#backoff.reset();
    });
    source.addEventListener('reset', () => {
      this.#ready = false;
      this.#newest.clear(); // rooms that are gone are not told of
    });
    source.addEventListener('ready', () => (this.#ready = true));
    source.addEventListener('status', (ev) => this.#status(ev.data));
    source.addEventListener('error', () => this.#lost(source));
  }

  stop(): void {
    this.#source?.close();
    this.#source = null;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    this.#following.value = false;
  }

  #status(text: unknown): void {
    const record = parseRecord(text);
    if (!record || this.newest(record) !== record) return;
    this.#newest.set(record.room, record);
    for (const listener of this.#listeners) listener(record, this.#ready);
  }

  #lost(source: Source): void {
    if (source !== this.#source) return;
    this.#following.value = false;
    if (source.readyState !== CLOSED) return; // it comes back by itself
    source.close();
    this.#source = null;
    this.#options.onRefused();
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.start();
    }, this.#backoff.next());
  }
}
