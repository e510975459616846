import { signal } from '@preact/signals';
import { ApiError, type Api } from '../api/client.ts';
import type { Room } from '../api/types.ts';
import type { Identity } from '../chat/identity.ts';
import { Pace } from '../lib/pace.ts';
import { rank, scene, type Scene } from '../status/record.ts';

type Who = Pick<Identity, 'userID' | 'userSig'>;

export type LobbyState = 'loading' | 'ready' | 'error';

const PAGE = 48;
const RECOMMENDED = 24;
const ROOMS = { baseMs: 8000, capMs: 24_000 };
const REASONS_MS = { baseMs: 30_000, capMs: 240_000 };

/** The list of rooms, read again every few seconds while somebody looks, and less often while nothing changes. */
export class LobbyModel {
  readonly rooms = signal<readonly Room[]>([]);
  readonly state = signal<LobbyState>('loading');
  readonly more = signal(false);
  /** Why rooms are recommended to who looks, by room; the best reason first. */
  readonly reasons = signal<ReadonlyMap<string, readonly string[]>>(new Map());

  readonly #api: Api;
  readonly #who: () => Who | null;
  readonly #roomsPace: Pace;
  readonly #reasonsPace: Pace;
  #reasonsAt = 0; // when the reasons are to be read again, by a clock that nobody sets
  #asWhom: string | null = null; // who the reasons are for
  #pages = 1;
  #refused = ''; // a UserSig that is good no more
  #timer: ReturnType<typeof setTimeout> | null = null;
  #abort: AbortController | null = null;

  /** who is the account of who looks; null if there is none. */
  constructor(api: Api, who: () => Who | null = () => null, random: () => number = Math.random) {
    this.#api = api;
    this.#who = who;
    this.#roomsPace = new Pace({ ...ROOMS, random });
    this.#reasonsPace = new Pace({ ...REASONS_MS, random });
  }

  /** Reads now and plans the next time; a running read is given up. */
  async refresh(): Promise<void> {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    let changed = false;
    try {
      const [{ rooms, more }, reasons] = await Promise.all([this.#read(abort.signal), this.#reasonsNow(abort.signal)]);
      if (abort.signal.aborted) return;
      changed = this.state.peek() !== 'ready' || !same(rooms, this.rooms.peek());
      this.reasons.value = reasons;
      this.rooms.value = rooms;
      this.more.value = more;
      this.state.value = 'ready';
    } catch {
      if (abort.signal.aborted) return;
      this.state.value = 'error'; // the rooms known so far stay
    }
    this.#timer = setTimeout(() => void this.refresh(), this.#roomsPace.next(changed));
  }

  async showMore(): Promise<void> {
    this.#pages++;
    await this.refresh();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#abort?.abort();
    this.#abort = null;
  }

  /** The reasons as they were last read, or anew when it is time to, or for somebody else. */
  async #reasonsNow(abort: AbortSignal): Promise<ReadonlyMap<string, readonly string[]>> {
    const known = this.reasons.peek();
    const whom = this.#who()?.userID ?? '';
    const another = whom !== this.#asWhom;
    if (!another && performance.now() < this.#reasonsAt) return known;
    const found = (await this.#recommended(abort)) ?? (another ? new Map() : known);
    if (abort.aborted) return known;
    this.#asWhom = whom;
    this.#reasonsAt = performance.now() + this.#reasonsPace.next(another || !same([...found], [...known]));
    return found;
  }

  /** Nice to have: without them (null) the list is as good. */
  async #recommended(abort: AbortSignal): Promise<Map<string, readonly string[]> | null> {
    const ask = (who: Who | null) => this.#api.recommendations(RECOMMENDED, who, abort);
    const who = this.#who();
    try {
      const rooms = await (who && who.userSig !== this.#refused ? ask(who).catch((err) => {
        if (!(err instanceof ApiError) || (err.status !== 401 && err.status !== 403)) throw err;
        this.#refused = who.userSig; // it may have run out
        return ask(null);
      }) : ask(null));
      return new Map(rooms.map((room) => [room.id, room.reasons ?? []]));
    } catch {
      return null;
    }
  }

  async #read(abort: AbortSignal): Promise<{ rooms: Room[]; more: boolean }> {
    const byId = new Map<string, Room>(); // a room that moved between two pages is listed once
    let cursor: string | undefined;
    for (let page = 0; page < this.#pages; page++) {
      const answer = await this.#api.rooms({ limit: PAGE, sort: 'popularity', ...(cursor ? { cursor } : {}) }, abort);
      for (const room of answer.rooms ?? []) byId.set(room.id, room);
      cursor = answer.nextCursor || undefined;
      if (!cursor) break;
    }
    return { rooms: [...byId.values()], more: cursor !== undefined };
  }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

export type Section = 'onair' | 'soon' | 'replay' | 'ended';

const SECTIONS: Record<Scene, Section> = {
  live: 'onair',
  interrupted: 'onair',
  paused: 'onair',
  waiting: 'soon',
  playback: 'replay',
  ended: 'ended',
};

const REASONS = ['following', 'rising', 'new', 'popular'] as const;
export type Reason = (typeof REASONS)[number];

/** The one reason a card tells. */
export const reasonOf = (reasons: readonly string[] | undefined): Reason | null => REASONS.find((reason) => reasons?.includes(reason)) ?? null;

/** Orders rooms as a programme: on air whom one follows and then by popularity, coming up by time, then what is over. Empty sections are left out. */
export function programme(rooms: readonly Room[], reasons: ReadonlyMap<string, readonly string[]> = new Map()): { section: Section; rooms: Room[] }[] {
  const followed = (room: Room) => Number(reasons.get(room.id)?.includes('following') ?? false);
  const order: Section[] = ['onair', 'soon', 'replay', 'ended'];
  const start = (room: Room) => (room.scheduledAt ? Date.parse(room.scheduledAt) : Number.MAX_SAFE_INTEGER);
  return order
    .map((section) => ({
      section,
      rooms: rooms
        .filter((room) => SECTIONS[scene(room.status)] === section)
        .sort((a, b) =>
          section === 'soon'
            ? start(a) - start(b) || a.id.localeCompare(b.id)
            : followed(b) - followed(a) || rank(a.status) - rank(b.status) || (b.popularity ?? 0) - (a.popularity ?? 0) || b.online - a.online || a.id.localeCompare(b.id),
        ),
    }))
    .filter(({ rooms }) => rooms.length > 0);
}
