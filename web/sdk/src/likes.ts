import { ok, type Core } from './core.ts';
import { ChatError, CODE } from './error.ts';
import type { Room } from './room.ts';
import type { Result } from './types.ts';
import { number } from './wire.ts';

const EVERY_MS = 1000;
const MOST = 100; // taps in one message; the server takes fewer a second than a finger makes

interface Liked {
  groupID: string;
  /** How many of the likes that were sent together the server took. */
  accepted: number;
  likes: number;
}

interface Tally {
  taps: number; // that wait for the next message
  next: Promise<Result<Liked>> | null; // what became of them
  last: Promise<unknown>; // the message before
  sentAt: number;
}

/** Gathers taps: a room gets one message a second at most, the first tap at once. */
export class Likes {
  readonly #core: Core;
  readonly #tallies = new WeakMap<Room, Tally>();

  constructor(core: Core) {
    this.#core = core;
  }

  async like(groupID: string, count = 1): Promise<Result<Liked>> {
    this.#core.mustBeReady();
    const room = this.#core.joined(groupID);
    if (!Number.isSafeInteger(count) || count < 1) throw new ChatError(CODE.INVALID, 'count must be a whole number above 0');
    let tally = this.#tallies.get(room);
    if (!tally) this.#tallies.set(room, (tally = { taps: 0, next: null, last: Promise.resolve(), sentAt: -Infinity }));
    const more = Math.min(count, MOST - tally.taps);
    tally.taps += more;
    room.state.liked(more);
    return (tally.next ??= this.#send(room, tally));
  }

  async #send(room: Room, tally: Tally): Promise<Result<Liked>> {
    const { env } = this.#core;
    await tally.last;
    const wait = tally.sentAt + EVERY_MS - env.now();
    if (wait > 0) await new Promise<void>((resolve) => env.setTimeout(resolve, Math.min(wait, EVERY_MS)));
    const count = tally.taps;
    tally.taps = 0;
    tally.next = null;
    tally.sentAt = env.now();
    try {
      if (room.closed) throw new ChatError(CODE.NOT_IN_GROUP, 'the room was left');
      // Once: whether a lost one was counted nobody knows, and a like is not worth counting twice.
      const asked = this.#core.request('like', { group: room.groupID, count }, { once: true });
      tally.last = asked.catch(() => {});
      const answer = await asked;
      const accepted = number(answer.accepted);
      room.state.liked(-count, accepted, number(answer.likes));
      return ok({ groupID: room.groupID, accepted, likes: room.state.totals().likes });
    } catch (err) {
      room.state.liked(-count);
      throw err;
    }
  }
}
