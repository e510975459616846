import type { RecordedMessage } from 'liveroom-sdk';
import { messageRow, type MessageRow } from './log.ts';
import { wordsOf } from './parts.ts';

/** What a recording's chat is read in, ms. All who watch ask for the same. */
export const WINDOW_MS = 30_000;
const SHOWN_BEFORE = 50; // messages that stand in the list where one jumps to
const LATE_MS = 3000; // what comes later than that is no longer said, but was
const KEPT = 6; // windows
const PAGES = 4; // of one window; who said even more is not shown
const AGAIN_MS = 5000; // after a failure

export interface PastOptions {
  /** One page of a window; `next` goes on in it. */
  read(from: number, to: number, cursor: string): Promise<{ messages: RecordedMessage[]; next: string }>;
  /** Puts rows at the end of the list; `anew`: in place of all that were put there. */
  show(rows: MessageRow[], anew: boolean): void;
  /** A text comes just now. */
  say(text: string): void;
  now?: () => number;
}

interface Window {
  messages: RecordedMessage[] | null; // null: not here yet
  failedAt: number | null;
}

/**
 * The chat of a recording in time with it: messages come as the recording gets to them, and after a jump the list has those from
 * before the place one jumped to.
 */
export class Past {
  readonly #o: PastOptions;
  readonly #now: () => number;
  readonly #windows = new Map<number, Window>();
  #at = -1; // ms up to which all was shown; below 0: nothing was
  #stopped = false;

  constructor(options: PastOptions) {
    this.#o = options;
    this.#now = options.now ?? Date.now;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** The recording is at that place, ms. To be told a few times a second, and after each jump. */
  move(position: number): void {
    if (this.#stopped || !(position >= 0)) return;
    const window = Math.floor(position / WINDOW_MS);
    const here = this.#have(window);
    if (position % WINDOW_MS > WINDOW_MS / 2) this.#have(window + 1);
    const jumped = this.#at < 0 || position < this.#at || position - this.#at > LATE_MS;
    if (jumped) {
      const before = window > 0 ? this.#have(window - 1) : [];
      if (here && before) this.#jump(position, [...before, ...here]);
      return;
    }
    const spans = Math.floor(this.#at / WINDOW_MS) === window ? here : here && this.#join(window, here);
    if (!spans) return;
    const fresh = spans.filter(({ at }) => at > this.#at && at <= position);
    this.#at = position;
    const rows = rowsOf(fresh);
    if (rows.length > 0) this.#o.show(rows, false);
    for (const row of rows) {
      const words = wordsOf(row.parts);
      if (words) this.#o.say(words);
    }
  }

  #jump(position: number, near: RecordedMessage[]): void {
    this.#at = position;
    this.#o.show(rowsOf(near.filter(({ at }) => at <= position)).slice(-SHOWN_BEFORE), true);
  }

  /** With the window before, from which the last step came. */
  #join(window: number, here: RecordedMessage[]): RecordedMessage[] {
    return [...(this.#windows.get(window - 1)?.messages ?? []), ...here];
  }

  /** The messages of a window, or null while they are being read. */
  #have(index: number): RecordedMessage[] | null {
    const known = this.#windows.get(index);
    if (known && (known.messages || known.failedAt === null || this.#now() - known.failedAt < AGAIN_MS)) return known.messages;
    const window: Window = { messages: null, failedAt: null };
    this.#windows.delete(index);
    this.#windows.set(index, window);
    for (const old of this.#windows.keys()) {
      if (this.#windows.size <= KEPT) break;
      this.#windows.delete(old);
    }
    this.#read(index).then(
      (messages) => (window.messages = messages),
      () => (window.failedAt = this.#now()),
    );
    return null;
  }

  async #read(index: number): Promise<RecordedMessage[]> {
    const all: RecordedMessage[] = [];
    let cursor = '';
    for (let page = 0; page < PAGES; page++) {
      const { messages, next } = await this.#o.read(index * WINDOW_MS, (index + 1) * WINDOW_MS, cursor);
      all.push(...messages);
      cursor = next;
      if (!cursor || this.#stopped) break;
    }
    return all;
  }
}

/** The rows of what people said; what is made for programs is none. */
function rowsOf(messages: RecordedMessage[]): MessageRow[] {
  return messages.flatMap(({ at, message }) => {
    const row = messageRow(message);
    return row ? [{ ...row, key: `past-${at}-${row.key}`, own: false, at: at / 1000 }] : [];
  });
}
