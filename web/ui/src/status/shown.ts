import type { StatusRecord } from '../api/types.ts';

/** What an operator does is seen at once, and nothing of what was before. */
const prompt = (next: StatusRecord): boolean => next.delay === 0 && (next.reason === 'push_dropped' || (next.name !== 'live' && next.name !== 'paused'));

/** What viewers see while the first status that is known is not to be seen yet. */
function before(record: StatusRecord): StatusRecord {
  return record.name === 'live' ? { ...record, name: 'waiting', code: 1 } : { ...record, name: 'live', code: 2 };
}

export interface ShownOptions {
  show(record: StatusRecord): void;
  /** ms by which the server's clock is ahead of this one. */
  ahead(): number;
  /** Whether the room tells of statuses as late as they are seen. */
  toldLater(): boolean;
}

/** Shows each status as late as viewers see the stream: where there is a delay, so long after it happened, in their order. */
export class Shown {
  readonly #options: ShownOptions;
  #newest: StatusRecord | null = null;
  #waiting: { record: StatusRecord; at: number }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ShownOptions) {
    this.#options = options;
  }

  /** A status that is newer than all before it. */
  take(record: StatusRecord): void {
    const now = Date.now();
    const last = this.#waiting.at(-1);
    const at = Math.max(now + this.#wait(record, now), last?.at ?? 0);
    const first = this.#newest === null;
    this.#newest = record;
    if (prompt(record) || (at <= now && !last)) {
      this.stop();
      return this.#options.show(record);
    }
    if (first) this.#options.show(before(record));
    this.#waiting.push({ record, at });
    if (!last) this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
  }

  /** ms until a status is due. What changes within one happens when it is told: `since` is when that began. */
  #wait(record: StatusRecord, now: number): number {
    const delay = record.delay * 1000;
    if (record.since === this.#newest?.since && record.session === this.#newest.session) return this.#options.toldLater() ? 0 : delay;
    const age = now + this.#options.ahead() - Date.parse(record.since);
    return Math.max(0, Math.min(delay - (Number.isNaN(age) ? 0 : age), delay));
  }

  #arm(): void {
    const next = this.#waiting[0];
    if (next) this.#timer = setTimeout(() => this.#due(), next.at - Date.now());
  }

  #due(): void {
    while (this.#waiting[0] && this.#waiting[0].at <= Date.now()) this.#options.show((this.#waiting.shift() as { record: StatusRecord }).record);
    this.#arm();
  }
}
