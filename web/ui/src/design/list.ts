import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { errorWords } from './errors.ts';

/** One page of the server's lists: `next` is the cursor of the page after it. */
export interface Page<Row> {
  rows: Row[];
  next?: string | null;
}

export type ListState = 'loading' | 'ready' | 'error';

/**
 * A list that the server gives by pages with cursors, which lead only forward: the way back is remembered. Rows stay seen
 * while the next ones are awaited and when they can't be had.
 */
export class List<Row> {
  readonly #load: (cursor: string, signal: AbortSignal) => Promise<Page<Row>>;
  readonly #state = signal<ListState>('loading');
  readonly #rows = signal<readonly Row[] | null>(null);
  readonly #error = signal('');
  readonly #way = signal<readonly string[]>(['']);
  readonly #next = signal('');
  #current: AbortController | null = null;
  constructor(load: (cursor: string, signal: AbortSignal) => Promise<Page<Row>>) {
    this.#load = load;
  }

  get state(): ListState {
    return this.#state.value;
  }
  /** null until the first page came. */
  get rows(): readonly Row[] | null {
    return this.#rows.value;
  }
  /** Why it can't be had, in words. */
  get error(): string {
    return this.#error.value;
  }
  /** Number of the page, from 1. */
  get page(): number {
    return this.#way.value.length;
  }
  get hasNext(): boolean {
    return this.#next.value !== '';
  }
  get hasPrevious(): boolean {
    return this.#way.value.length > 1;
  }

  /** Begins anew at the first page, as after another filter. */
  readonly first = (): Promise<void> => this.#go(['']);
  /** Asks for the present page again. */
  readonly reload = (): Promise<void> => this.#go(this.#way.value);
  readonly next = (): Promise<void> => (this.hasNext ? this.#go([...this.#way.value, this.#next.value]) : Promise.resolve());
  readonly previous = (): Promise<void> => (this.hasPrevious ? this.#go(this.#way.value.slice(0, -1)) : Promise.resolve());

  /** Changes rows that are shown, as after an action, without asking for them. */
  update(change: (rows: readonly Row[]) => readonly Row[]): void {
    if (this.#rows.value) this.#rows.value = change(this.#rows.value);
  }

  /** Whatever is on its way is not waited for any more. */
  readonly stop = (): void => this.#current?.abort();

  async #go(way: readonly string[]): Promise<void> {
    this.#current?.abort();
    const mine = (this.#current = new AbortController());
    this.#state.value = 'loading';
    try {
      const page = await this.#load(way.at(-1) ?? '', mine.signal);
      if (mine.signal.aborted) return;
      this.#rows.value = page.rows;
      this.#next.value = page.next ?? '';
      this.#way.value = way;
      this.#error.value = '';
      this.#state.value = 'ready';
    } catch (err) {
      if (mine.signal.aborted) return;
      this.#error.value = errorWords(err);
      this.#state.value = 'error';
    }
  }
}

/** A list as long as the component is shown; it begins anew when one of `on` (the filters) changes. */
export function useList<Row>(load: (cursor: string, signal: AbortSignal) => Promise<Page<Row>>, on: readonly unknown[] = []): List<Row> {
  const [held] = useState(() => {
    const latest = { load };
    return { latest, list: new List<Row>((cursor, signal) => latest.load(cursor, signal)) };
  });
  held.latest.load = load;
  useEffect(() => {
    void held.list.first();
    return held.list.stop;
  }, on);
  return held.list;
}
