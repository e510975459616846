import { session } from '../lib/storage.ts';

const KEY = 'gifts';
const MOST = 50; // of all rooms and people of the tab; beyond it the oldest are forgotten

/** Who sent an order where, and its id. */
type Entry = [user: string, group: string, order: string];

/** Gifts whose end is not known yet, remembered as long as the tab: a page that is loaded again can ask how they ended. */
export class PendingGifts {
  readonly #place: typeof session;

  constructor(place: typeof session = session) {
    this.#place = place;
  }

  of(user: string, group: string): string[] {
    return this.#read().flatMap(([u, g, order]) => (u === user && g === group ? [order] : []));
  }

  keep(...entry: Entry): void {
    this.#write([...this.#without(entry), entry].slice(-MOST));
  }

  drop(...entry: Entry): void {
    this.#write(this.#without(entry));
  }

  #without(entry: Entry): Entry[] {
    return this.#read().filter((one) => one.some((part, i) => part !== entry[i]));
  }

  #read(): Entry[] {
    try {
      const all: unknown = JSON.parse(this.#place.read(KEY) ?? '[]');
      return Array.isArray(all) ? all.filter((one): one is Entry => Array.isArray(one) && one.length === 3 && one.every((part) => typeof part === 'string')) : [];
    } catch {
      return [];
    }
  }

  #write(all: Entry[]): void {
    this.#place.write(KEY, all.length > 0 ? JSON.stringify(all) : null);
  }
}
