import { signal } from '@preact/signals';
import type { GiftResult } from 'liveroom-sdk';

/** One run of gifts as it stands on the picture. */
export interface Run {
  key: string;
  gift: GiftResult['gift'];
  from: GiftResult['from'];
  own: boolean;
  total: number;
  value: number;
  /** Counts how often it grew: whoever draws it may bump. */
  bumps: number;
}

interface Shown extends Run {
  since: number;
  until: number;
}

export const SLOTS = 3;
const QUEUE = 40; // beyond it the least valuable waits for nothing
const HOLD_MS = 4000;
const HURRY_MS = 1500; // while others wait
const LONGEST_MS = 8000;

/** Gifts over the picture: a few runs at a time, each with its growing total. However many come, it holds no more than a screen and a short queue. */
export class GiftLane {
  readonly runs = signal<readonly Run[]>([]);
  #shown: Shown[] = [];
  #queue: Run[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #slots: number;

  constructor(slots = SLOTS) {
    this.#slots = slots;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  take(result: GiftResult, own: boolean): void {
    const key = `${result.from.userID} ${result.gift.id} ${result.combo}`;
    const shown = this.#shown.find((run) => run.key === key);
    const known = shown ?? this.#queue.find((run) => run.key === key);
    if (known) {
      Object.assign(known, grown(known, result));
      if (shown) shown.until = Date.now() + this.#hold();
    } else {
      this.#wait({ key, gift: result.gift, from: result.from, own, total: result.combo ? result.comboTotal : result.count, value: result.value, bumps: 0 });
    }
    this.#move();
  }

  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#shown = [];
    this.#queue = [];
    this.runs.value = [];
  }

  /** A full queue loses what is worth least; one's own is never that. */
  #wait(run: Run): void {
    this.#queue.push(run);
    if (this.#queue.length <= QUEUE) return;
    let least = 0;
    this.#queue.forEach((r, i) => {
      const other = this.#queue[least] as Run;
      if (other.own ? !r.own : !r.own && r.value < other.value) least = i;
    });
    this.#queue.splice(least, 1);
  }

  #hold(): number {
    return this.#queue.length > 0 ? HURRY_MS : HOLD_MS;
  }

  #move(): void {
    const now = Date.now();
    const hurried = this.#queue.length > 0;
    this.#shown = this.#shown.filter((run) => now < run.until && !(hurried && now - run.since >= LONGEST_MS));
    while (this.#shown.length < this.#slots && this.#queue.length > 0) {
      const mine = this.#queue.findIndex((run) => run.own);
      const [run] = this.#queue.splice(Math.max(0, mine), 1) as [Run];
      this.#shown.push({ ...run, since: now, until: now + this.#hold() });
    }
    this.runs.value = this.#shown.map((run) => ({ ...run }));
    if (this.#timer !== null) clearTimeout(this.#timer);
    const next = Math.min(...this.#shown.map((run) => (this.#queue.length > 0 ? Math.min(run.until, run.since + LONGEST_MS) : run.until)));
    this.#timer = this.#shown.length > 0 ? setTimeout(() => this.#move(), Math.max(50, next - now)) : null;
  }
}

function grown(run: Run, result: GiftResult): Partial<Run> {
  // A run's messages say its total; an older one that comes late takes nothing back. Gifts that are no run add up while they are shown.
  const total = result.combo ? Math.max(run.total, result.comboTotal) : run.total + result.count;
  return { total, value: run.value + result.value, bumps: run.bumps + 1 };
}
