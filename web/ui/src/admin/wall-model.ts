import { signal, type ReadonlySignal } from '@preact/signals';
import type { Schemas } from '../api/http.ts';
import type { StatusRecord } from '../api/types.ts';
import { scene } from '../status/record.ts';

type Room = Schemas['RoomBody'];
type Advice = Schemas['AdviceBody'];

/** What the wall knows of the push into a room. */
export interface Health {
  publishing: boolean;
  bitsPerSecond: number;
  framesPerSecond: number;
  worst: Advice | null;
}

/** One picture of the wall. */
export interface Tile {
  room: Room;
  health: Health | null;
}

export function healthOf(ingest: Schemas['IngestBody']): Health {
  return {
    publishing: ingest.publishing, bitsPerSecond: ingest.bitsPerSecond, framesPerSecond: ingest.video.framesPerSecond,
    worst: ingest.advice[0] ?? null, // the server tells the worst first
  };
}

export type Trouble = 'problem' | 'warning' | 'fine';

/** How badly a room needs somebody. An interrupted push is a problem: viewers see nothing. Whoever paused on purpose has none. */
export function trouble(record: Pick<StatusRecord, 'name' | 'reason'>, health: Health | null): Trouble {
  const now = scene(record);
  if (now === 'interrupted') return 'problem';
  if (now !== 'live' || !health) return 'fine';
  if (!health.publishing) return 'fine'; // the status is newer than what was asked, or the other way round: the next reading tells
  if (health.worst?.severity === 'problem') return 'problem';
  return health.worst?.severity === 'warning' ? 'warning' : 'fine';
}

const RANK: Record<Trouble, number> = { problem: 0, warning: 1, fine: 2 };

/** Problems first, then warnings; among equals most people first, then by id, so that pictures don't jump about. */
export function inOrder(tiles: readonly Tile[], recordOf: (room: Room) => Pick<StatusRecord, 'name' | 'reason'>): Tile[] {
  const keyed = tiles.map((tile) => ({ tile, rank: RANK[trouble(recordOf(tile.room), tile.health)], people: step(tile.room.online) }));
  keyed.sort((a, b) => a.rank - b.rank || b.people - a.people || (a.tile.room.id < b.tile.room.id ? -1 : 1));
  return keyed.map((one) => one.tile);
}

/** People by powers of two: a few more or fewer change no place. */
const step = (online: number): number => Math.floor(Math.log2(online + 1));

/** A cover's address for a moment: the server lets it be kept for five seconds, and it changes under its address. */
export function pictureAt(cover: string, width: number, every: number, now: number): string {
  const url = new URL(cover, 'http://here/');
  if (width > 0) url.searchParams.set('width', String(width));
  url.searchParams.set('at', String(Math.floor(now / every)));
  return cover.startsWith('/') ? url.pathname + url.search : url.href;
}

export interface ScanOptions {
  /** Asks for one room; what fails is left as it was. */
  ask(room: string, signal: AbortSignal): Promise<Health>;
  /** How many are asked at a time. */
  atOnce?: number;
  /** ms until a room is asked again. */
  every?: number;
}

/** Asks for the health of many pushes, a few at a time, round and round, for as long as it is looked at. */
export class Scan {
  readonly found: ReadonlySignal<ReadonlyMap<string, Health>>;
  readonly #found = signal<ReadonlyMap<string, Health>>(new Map());
  readonly #ask: ScanOptions['ask'];
  readonly #atOnce: number;
  readonly #every: number;
  readonly #due = new Map<string, number>(); // when a room is to be asked (again)
  #running = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #abort = new AbortController();
  #going = false;

  constructor({ ask, atOnce = 2, every = 8000 }: ScanOptions) {
    this.#ask = ask;
    this.#atOnce = atOnce;
    this.#every = every;
    this.found = this.#found;
  }

  /** The rooms that are looked at; of others nothing is kept. */
  watch(rooms: readonly string[]): void {
    const wanted = new Set(rooms);
    for (const room of this.#due.keys()) if (!wanted.has(room)) this.#due.delete(room);
    for (const room of wanted) if (!this.#due.has(room)) this.#due.set(room, 0);
    if ([...this.#found.value.keys()].some((room) => !wanted.has(room))) this.#found.value = new Map([...this.#found.value].filter(([room]) => wanted.has(room)));
    this.#go();
  }

  start(): void {
    if (this.#going) return;
    this.#going = true;
    this.#abort = new AbortController();
    this.#go();
  }

  stop(): void {
    this.#going = false;
    this.#abort.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #go(): void {
    if (!this.#going) return;
    const now = Date.now();
    while (this.#running < this.#atOnce) {
      const next = [...this.#due].filter(([, at]) => at <= now).sort((a, b) => a[1] - b[1])[0];
      if (!next) break;
      void this.#one(next[0]);
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const soonest = Math.min(...this.#due.values());
    if (this.#running < this.#atOnce && Number.isFinite(soonest)) this.#timer = setTimeout(() => this.#go(), Math.max(soonest - now, 1));
  }

  async #one(room: string): Promise<void> {
    const { signal: aborted } = this.#abort;
    this.#running++;
    this.#due.set(room, Date.now() + this.#every);
    try {
      const health = await this.#ask(room, aborted);
      if (!aborted.aborted && this.#due.has(room)) this.#found.value = new Map(this.#found.value).set(room, health);
    } catch {
      // What is known stays; the connection as a whole is told by the page.
    } finally {
      this.#running--;
      this.#go();
    }
  }
}

/** Which tiles play in place: the newest few. One more takes the place of the one that has played longest. */
export const playing = (now: readonly string[], room: string, most = 4): string[] => (now.includes(room) ? now.filter((one) => one !== room) : [...now, room].slice(-most));
