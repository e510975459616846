import type { Room, StatusName } from '../api/types.ts';
import { scene, type Scene } from '../status/record.ts';

/** What somebody wants to see of all rooms; it stands in the page's address. */
export interface View {
  /** Words to look for; '' for none. */
  q: string;
  show: Show;
}

export type Section = 'onair' | 'soon' | 'replay' | 'ended';
export type Show = 'all' | Section;

export const SHOWS: readonly Show[] = ['all', 'onair', 'soon', 'replay', 'ended'];
const MOST_BYTES = 120; // the server takes no more

/** Reads the address; what is unknown in it is as if it were not there. */
export function viewOf(search: string): View {
  const given = new URLSearchParams(search);
  return { q: words(given.get('q') ?? ''), show: SHOWS.find((one) => one === given.get('show')) ?? 'all' };
}

/** The address of a view, without what goes without saying. */
export function addressOf({ q, show }: View): string {
  const query = new URLSearchParams({ ...(q ? { q } : {}), ...(show === 'all' ? {} : { show }) }).toString();
  return query ? `/?${query}` : '/';
}

/** What was typed, as the server takes it: no more bytes, and no character torn apart. */
export function words(typed: string): string {
  const letters = [...typed.trim().replace(/\s+/g, ' ')];
  while (new TextEncoder().encode(letters.join('')).length > MOST_BYTES) letters.pop();
  return letters.join('').trim();
}

/** The statuses of the rooms that a view shows, in the order they are asked for; undefined: all at once. */
export const STATUSES: Record<Show, readonly (StatusName | undefined)[]> = {
  all: [undefined],
  onair: ['live', 'paused'],
  soon: ['waiting'],
  replay: ['playback'],
  ended: ['ended'],
};

const SECTIONS: Record<Scene, Section> = {
  live: 'onair',
  interrupted: 'onair',
  paused: 'onair',
  waiting: 'soon',
  playback: 'replay',
  ended: 'ended',
};

export const sectionOf = (room: Room): Section => SECTIONS[scene(room.status)];

export type Programme = { section: Section; rooms: Room[] }[];

const HOLD_MS = 60_000; // a pointer that rests for longer waits for nothing
const LEADERS = 3;

/**
 * Keeps cards where they are while somebody points at one: what is new about a room shows on its card at once, but rooms
 * come, go and change places only when the pointer is away. What stands first stays so while it is among the first three.
 */
export class Arranger {
  #sections: { section: Section; ids: string[] }[] = [];
  readonly #known = new Map<string, Room>();
  #heldUntil = 0;
  #view = '';

  /** Somebody points at a card, or has the keyboard on one. `clock` is ms of a clock that nobody sets. */
  hold(clock: number): void {
    this.#heldUntil = clock + HOLD_MS;
  }

  /** Nobody does any more; says whether somebody did. */
  release(): boolean {
    const held = this.#heldUntil > 0;
    this.#heldUntil = 0;
    return held;
  }

  arrange(next: Programme, view: string, clock: number): Programme {
    const fresh = new Map(next.flatMap(({ rooms }) => rooms.map((room) => [room.id, room] as const)));
    const held = clock < this.#heldUntil && view === this.#view && this.#sections.length > 0;
    if (!held) {
      this.#view = view;
      this.#known.clear();
      this.#sections = next.map(({ section, rooms }) => ({ section, ids: this.#led(section, rooms.map((room) => room.id)) }));
    }
    for (const [id, room] of fresh) this.#known.set(id, room);
    return this.#sections.map(({ section, ids }) => ({ section, rooms: ids.flatMap((id) => this.#known.get(id) ?? []) }));
  }

  #led(section: Section, ids: string[]): string[] {
    const first = this.#sections.find((one) => one.section === section)?.ids[0] ?? '';
    const at = ids.indexOf(first);
    return section === 'onair' && at > 0 && at < LEADERS ? [first, ...ids.filter((id) => id !== first)] : ids;
  }
}
