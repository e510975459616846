import { signal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api/http.ts';

export interface LoaderOptions {
  /** ms between two readings while it is shown; 0: once, and whenever it is asked for. */
  every?: number;
}

/**
 * Something read from the server, kept while it is read anew. Of several readings the last that was begun counts. What fails
 * while there is something to show leaves that standing.
 */
export class Loader<T> {
  readonly value: ReadonlySignal<T | null>;
  /** Why the last reading failed; null: it did not. */
  readonly error: ReadonlySignal<unknown>;
  readonly loading: ReadonlySignal<boolean>;

  readonly #value = signal<T | null>(null);
  readonly #error = signal<unknown>(null);
  readonly #loading = signal(false);
  #load: (signal: AbortSignal) => Promise<T>;
  #every = 0;
  #abort: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #hidden = false;
  #closed = false;

  constructor(load: (signal: AbortSignal) => Promise<T>, options: LoaderOptions = {}) {
    this.#load = load;
    this.#every = options.every ?? 0;
    this.value = this.#value;
    this.error = this.#error;
    this.loading = this.#loading;
  }

  /** Reads now. */
  async read(): Promise<void> {
    this.#abort?.abort();
    this.#clear();
    if (this.#closed) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#loading.value = true;
    try {
      const found = await this.#load(abort.signal);
      if (this.#abort !== abort) return;
      this.#value.value = found;
      this.#error.value = null;
    } catch (err) {
      if (this.#abort !== abort) return;
      this.#error.value = err;
    }
    this.#abort = null;
    this.#loading.value = false;
    this.#arm();
  }

  /** Reads something else from now on; what is there stays until that is known, unless it is `another` thing. */
  turn(load: (signal: AbortSignal) => Promise<T>, another: boolean): void {
    this.#load = load;
    if (another) {
      this.#value.value = null;
      this.#error.value = null;
    }
    void this.read();
  }

  /** Puts in what an act has answered, without reading it again. */
  put(value: T): void {
    this.#value.value = value;
    this.#error.value = null;
  }

  pace(every: number): void {
    if (this.#every === every) return;
    this.#every = every;
    if (this.#abort === null) {
      this.#clear();
      this.#arm();
    }
  }

  /** Nothing is read by itself while nobody looks; what is overdue then is read at once. */
  hide(hidden: boolean): void {
    if (this.#hidden === hidden) return;
    this.#hidden = hidden;
    if (hidden) this.#clear();
    else if (this.#every > 0 && this.#abort === null) void this.read();
  }

  close(): void {
    this.#closed = true;
    this.#clear();
    this.#abort?.abort();
    this.#abort = null;
  }

  #arm(): void {
    if (this.#every > 0 && !this.#hidden && !this.#closed && this.#timer === null) this.#timer = setTimeout(() => void this.read(), this.#every);
  }

  #clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

export interface Loaded<T> {
  value: T | null;
  error: unknown;
  loading: boolean;
  /** Reads it anew. */
  read(): Promise<void>;
  put(value: T): void;
}

export interface UseLoadedOptions extends LoaderOptions {
  /** Grows when everything is to be read anew. */
  again?: number;
  /** What is shown while something else is read: the old (`filter` has changed), or nothing (it is about `another` thing). */
  keep?: boolean;
}

/** Reads something as long as a component is shown, anew when one of `of` is another. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, of: readonly unknown[], { every = 0, again = 0, keep = false }: UseLoadedOptions = {}): Loaded<T> {
  const [loader] = useState(() => new Loader(load, { every }));
  const first = useRef(true);
  useEffect(() => {
    const seen = () => loader.hide(document.hidden);
    seen();
    document.addEventListener('visibilitychange', seen);
    return () => {
      document.removeEventListener('visibilitychange', seen);
      loader.close();
    };
  }, [loader]);
  useEffect(() => {
    loader.turn(load, !first.current && !keep);
    first.current = false;
  }, of);
  useEffect(() => {
    if (again > 0) void loader.read();
  }, [again]);
  useEffect(() => loader.pace(every), [every]);
  return { value: loader.value.value, error: loader.error.value, loading: loader.loading.value, read: () => loader.read(), put: (value) => loader.put(value) };
}

/** Whether a failure is one of the connection, which the page tells as a whole. */
export const isAway = (err: unknown): boolean => err instanceof ApiError && err.status === 0;
