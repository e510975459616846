import { batch, signal } from '@preact/signals';
import { ApiError, type Api } from '../api/client.ts';
import type { Room, SentRecord, StatusAnswer, StatusName } from '../api/types.ts';
import type { Identity } from '../chat/identity.ts';
import { Pace } from '../lib/pace.ts';
import { parseRecord, reduce } from '../status/newest.ts';
import { rank } from '../status/record.ts';
import { sectionOf, STATUSES, type Programme, type Section, type View } from './lobby-view.ts';

type Who = Pick<Identity, 'userID' | 'userSig'>;

export type LobbyState = 'loading' | 'ready' | 'error';

const PAGE = 48;
const SOON = 24; // of many rooms, so many of those that are coming up
const RECOMMENDED = 24;
const MOST_STATUSES = 500; // of one call
const MOST_ROOMS = 2000; // what is kept beyond the first page
const ROOMS = { baseMs: 8000, capMs: 24_000 };
const STATUSES_MS = { baseMs: 4000, capMs: 12_000 };
const REASONS_MS = { baseMs: 30_000, capMs: 240_000 };

/** Where reading goes on: in which status, and behind which room. */
interface Place {
  status: number;
  cursor: string;
}

/**
 * The list of rooms, while somebody looks: the first page is read again every few seconds, less often while nothing changes, and
 * between that the statuses of all that are listed, in one call.
 */
export class LobbyModel {
  readonly rooms = signal<readonly Room[]>([]);
  readonly state = signal<LobbyState>('loading');
  readonly more = signal(false);
  /** Another view was asked for, and what is listed is still the one before. */
  readonly turning = signal(false);
  /** More is being read. */
  readonly reading = signal(false);
  readonly view = signal<View>({ q: '', show: 'all' });
  /** Why rooms are recommended to who looks, by room; the best reason first. */
  readonly reasons = signal<ReadonlyMap<string, readonly string[]>>(new Map());

  readonly #api: Api;
  readonly #who: () => Who | null;
  readonly #roomsPace: Pace;
  readonly #statusesPace: Pace;
  readonly #reasonsPace: Pace;
  readonly #beyond = new Map<string, Room>(); // rooms behind the first page
  #next: Place | null = null; // where showMore goes on
  #deep = false; // more than the first page was read
  #turn = 0; // whose statuses are asked for, of more than fit into one call
  #reasonsAt = 0; // when the reasons are to be read again, by a clock that nobody sets
  #asWhom: string | null = null; // who the reasons are for
  #refused = ''; // a UserSig that is good no more
  #timers: ReturnType<typeof setTimeout>[] = [];
  #abort: AbortController | null = null;

  /** who is the account of who looks; null if there is none. */
  constructor(api: Api, who: () => Who | null = () => null, random: () => number = Math.random) {
    this.#api = api;
    this.#who = who;
    this.#roomsPace = new Pace({ ...ROOMS, random });
    this.#statusesPace = new Pace({ ...STATUSES_MS, random });
    this.#reasonsPace = new Pace({ ...REASONS_MS, random });
  }

  /** Shows other rooms. What is listed stays until they are there. */
  async look(view: View): Promise<void> {
    this.view.value = view;
    this.turning.value = true;
    this.#deep = false;
    await this.refresh();
  }

  /** Reads now and plans the next time; a running read is given up. */
  async refresh(): Promise<void> {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    let changed = false;
    try {
      const [page, soon, reasons] = await this.#readAll(abort.signal);
      if (abort.signal.aborted) return;
      if (!this.#deep) {
        this.#beyond.clear();
        this.#next = page.next;
      }
      const rooms = this.#merged(page.rooms, soon);
      changed = this.state.peek() !== 'ready' || !same(rooms, this.rooms.peek());
      batch(() => {
        this.reasons.value = reasons;
        this.rooms.value = rooms;
        this.more.value = this.#next !== null;
        this.state.value = 'ready';
        this.turning.value = false;
      });
    } catch {
      if (abort.signal.aborted) return;
      this.state.value = 'error'; // the rooms known so far stay
    }
    this.#later(() => this.refresh(), this.#roomsPace.next(changed));
    this.#watch(abort.signal, changed);
  }

  async showMore(): Promise<void> {
    const [abort, place] = [this.#abort?.signal, this.#next];
    if (!abort || !place || this.reading.peek()) return;
    this.reading.value = true;
    try {
      const { rooms, next } = await this.#page(place, abort);
      if (abort.aborted) return;
      this.#deep = true;
      this.#next = next;
      const first = new Set(this.rooms.peek().map((room) => room.id));
      for (const room of rooms) this.#keep(room);
      batch(() => {
        this.rooms.value = [...this.rooms.peek(), ...rooms.filter((room) => !first.has(room.id))];
        this.more.value = next !== null;
      });
    } catch {
      if (!abort.aborted) this.state.value = 'error';
    } finally {
      this.reading.value = false;
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
    this.#abort?.abort();
    this.#abort = null;
  }

  #later(act: () => Promise<void>, wait: number): void {
    this.#timers.push(setTimeout(() => void act(), wait));
  }

  /** Plans to ask for the statuses of what is listed, between two reads of the list. */
  #watch(abort: AbortSignal, changed: boolean): void {
    this.#later(async () => {
      let news = false;
      try {
        news = await this.#statuses(abort);
      } catch {
        // The list is read again, which tells.
      }
      if (!abort.aborted) this.#watch(abort, news);
    }, this.#statusesPace.next(changed));
  }

  async #statuses(abort: AbortSignal): Promise<boolean> {
    const all = this.rooms.peek();
    if (all.length === 0) return false;
    const from = all.length > MOST_STATUSES ? (this.#turn++ % Math.ceil(all.length / MOST_STATUSES)) * MOST_STATUSES : 0;
    const { statuses, missing } = await this.#api.statuses(all.slice(from, from + MOST_STATUSES).map((room) => room.id), abort);
    if (abort.aborted) return false;
    const answers = new Map(statuses.map((answer) => [answer.room, answer]));
    const gone = new Set(missing);
    let changed = gone.size > 0;
    const now = this.rooms.peek().flatMap((room) => {
      if (gone.has(room.id)) return (this.#beyond.delete(room.id), []);
      const answer = answers.get(room.id);
      if (!answer) return room;
      const record = newest(room, answer);
      const online = answer.online ?? room.online;
      if (record === room.status && online === room.online) return room;
      changed = true;
      const next = { ...room, status: record, online };
      if (this.#beyond.has(room.id)) this.#beyond.set(room.id, next);
      return next;
    });
    if (changed) this.rooms.value = now;
    return changed;
  }

  #readAll(abort: AbortSignal) {
    const { q, show } = this.view.peek();
    const page = this.#page({ status: 0, cursor: '' }, abort);
    // Rooms that are coming up have no popularity: of many rooms they would be on the last pages.
    const soon = show !== 'all' || q !== '' ? Promise.resolve([]) : page.then(async ({ next }) => (next ? ((await this.#api.rooms({ limit: SOON, status: 'waiting' }, abort)).rooms ?? []) : []));
    return Promise.all([page, soon, this.#reasonsNow(abort)]);
  }

  /** One page of what the view shows; where one status ends the next begins. */
  async #page(from: Place, abort: AbortSignal): Promise<{ rooms: Room[]; next: Place | null }> {
    const { q, show } = this.view.peek();
    const statuses = STATUSES[show];
    const rooms: Room[] = [];
    let place: Place | null = from;
    let goOn = true; // a page may be empty and not be the last
    for (let asked = 0; place && goOn && asked < 4; asked++) {
      const status: StatusName | undefined = statuses[place.status];
      const { cursor } = place;
      const answer = await this.#api.rooms({ limit: PAGE, sort: 'popularity', ...(status ? { status } : {}), ...(q ? { q } : {}), ...(cursor ? { cursor } : {}) }, abort);
      rooms.push(...(answer.rooms ?? []));
      goOn = rooms.length === 0 || (!answer.nextCursor && rooms.length < PAGE / 2);
      if (answer.nextCursor) place = { status: place.status, cursor: answer.nextCursor };
      else place = place.status + 1 < statuses.length ? { status: place.status + 1, cursor: '' } : null;
    }
    return { rooms, next: place };
  }

  /** The first page with what lies behind it, each room once; a room that fell off the first page is behind it. */
  #merged(first: readonly Room[], soon: readonly Room[]): Room[] {
    const all = new Map(first.map((room) => [room.id, room]));
    if (this.#deep) for (const room of this.rooms.peek()) if (!all.has(room.id) && !this.#beyond.has(room.id)) this.#keep(room);
    for (const room of soon) if (!all.has(room.id)) all.set(room.id, room);
    for (const room of this.#beyond.values()) if (!all.has(room.id)) all.set(room.id, room);
    return [...all.values()];
  }

  #keep(room: Room): void {
    this.#beyond.delete(room.id);
    this.#beyond.set(room.id, room);
    for (const id of this.#beyond.keys()) {
      if (this.#beyond.size <= MOST_ROOMS) return;
      this.#beyond.delete(id);
    }
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
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The newer of what is known of a room's status and what came. */
function newest(room: Room, answer: StatusAnswer): SentRecord {
  const [known, came] = [parseRecord(room.status), parseRecord(answer)];
  if (!came || (known && reduce(known, came) !== came)) return room.status;
  const { online: _, viewers: __, ...record } = answer as StatusAnswer & { viewers?: unknown };
  return record;
}

const REASONS = ['following', 'rising', 'new', 'popular'] as const;
export type Reason = (typeof REASONS)[number];

/** The one reason a card tells. */
export const reasonOf = (reasons: readonly string[] | undefined): Reason | null => REASONS.find((reason) => reasons?.includes(reason)) ?? null;

/** Orders rooms as a programme: on air whom one follows and then by popularity, coming up by time, then what is over. Empty sections are left out. */
export function programme(rooms: readonly Room[], reasons: ReadonlyMap<string, readonly string[]> = new Map()): Programme {
  const followed = (room: Room) => Number(reasons.get(room.id)?.includes('following') ?? false);
  const order: Section[] = ['onair', 'soon', 'replay', 'ended'];
  const start = (room: Room) => (room.scheduledAt ? Date.parse(room.scheduledAt) : Number.MAX_SAFE_INTEGER);
  return order
    .map((section) => ({
      section,
      rooms: rooms
        .filter((room) => sectionOf(room) === section)
        .sort((a, b) =>
          section === 'soon'
            ? start(a) - start(b) || a.id.localeCompare(b.id)
            : followed(b) - followed(a) || rank(a.status) - rank(b.status) || (b.popularity ?? 0) - (a.popularity ?? 0) || b.online - a.online || a.id.localeCompare(b.id),
        ),
    }))
    .filter(({ rooms }) => rooms.length > 0);
}
