import type { StatusAnswer, StatusRecord } from '../api/types.ts';
import { Backoff } from '../lib/backoff.ts';

export interface FollowDeps {
  /** Long poll: resolves with a newer record, or the same one after the wait. */
  poll(known: { epoch: string; version: number; waitSeconds: number } | undefined, signal: AbortSignal): Promise<StatusAnswer>;
  current(): StatusRecord | null;
  onAnswer(answer: StatusAnswer): void;
}

/**
 * Follows a room's status by long polling: the way in where WebSockets do not get through.
 * It runs only between start and stop, one request at a time.
 */
export class StatusFollower {
  readonly #deps: FollowDeps;
  readonly #backoff = new Backoff({ baseMs: 1000, capMs: 20_000 });
  #abort: AbortController | null = null;

  constructor(deps: FollowDeps) {
    this.#deps = deps;
  }

  get running(): boolean {
    return this.#abort !== null;
  }

  start(): void {
    if (this.#abort) return;
    this.#abort = new AbortController();
    void this.#loop(this.#abort.signal);
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = null;
  }

  async #loop(signal: AbortSignal): Promise<void> {
    // The first answer comes at once: what happened while nobody followed must not wait for the next change.
    let known: { epoch: string; version: number; waitSeconds: number } | undefined;
    while (!signal.aborted) {
      const began = Date.now();
      try {
        const answer = await this.#deps.poll(known, signal);
        if (signal.aborted) return;
        this.#deps.onAnswer(answer);
        this.#backoff.reset();
        const held = known !== undefined;
        const record = this.#deps.current();
        const same = known && record && known.epoch === record.epoch && known.version === record.version;
        known = record ? { epoch: record.epoch, version: record.version, waitSeconds: 30 } : undefined;
        // A server or proxy that answers at once without news must not be asked in a tight loop.
        if (!known || (held && same && Date.now() - began < 1000)) await pause(2000, signal);
      } catch {
        if (signal.aborted) return;
        await pause(this.#backoff.next(), signal);
      }
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
