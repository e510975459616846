import { computed, signal } from '@preact/signals';
import type { Schemas } from '../api/http.ts';
import { Poll } from '../lib/poll.ts';
import type { RoomModel } from '../pages/room-model.ts';
import { parseRecord } from '../status/newest.ts';
import type { AnchorCalls } from './calls.ts';
import type { Drive } from './drive.ts';
import { merged, type Sample } from './samples.ts';

const BACK_S = 15 * 60; // what is asked of samples at first
const AGAIN_S = 30; // and then: more than the time between two answers, so that a slow one leaves no hole
const LIVE_MS = 2000;
const QUIET_MS = 5000;
const LIFE = '24h'; // of an address

type Addresses = Schemas['AddressesOutBody'];

export interface DeskOptions {
  room: string;
  calls: AnchorCalls;
  /** The room as everybody sees it, and its chat. */
  model: RoomModel;
}

/** What an anchor has before them of one room: the room as viewers know it, how the push does, why pushes were refused, where to push. */
export class Desk {
  readonly room: string;
  readonly calls: AnchorCalls;
  readonly model: RoomModel;

  readonly ingest = signal<Schemas['IngestBody'] | null>(null);
  readonly samples = signal<readonly Sample[]>([]);
  readonly refusals = signal<readonly Schemas['RefusalBody'][]>([]);
  readonly addresses = signal<Addresses | null>(null);
  /** Why there is no address; '' otherwise. */
  readonly addressError = signal<unknown>(null);
  /** Neither status nor push can be asked for just now. */
  readonly away = computed(() => this.#health.failed.value || this.#faults.failed.value);
  /** The newest record, at once: the anchor is not shown it later as viewers may be. */
  readonly record = computed(() => this.model.known.value);

  readonly #health: Poll<Schemas['IngestBody']>;
  readonly #faults: Poll<Schemas['RefusalBody'][]>;

  constructor({ room, calls, model }: DeskOptions) {
    this.room = room;
    this.calls = calls;
    this.model = model;
    this.#health = new Poll({
      ask: (signal) => calls.ingest(room, this.samples.value.length > 0 && !this.#health.failed.value ? AGAIN_S : BACK_S, signal),
      every: () => (this.ingest.value?.publishing ? LIVE_MS : QUIET_MS),
      take: (answer) => {
        const ended = this.ingest.value?.publishing && !answer.publishing;
        this.ingest.value = answer;
        if (ended) this.#faults.now(); // an encoder that goes on trying may be refused from now on: it is asked for more often
        this.samples.value = merged(this.samples.value, answer.samples ?? []);
      },
    });
    this.#faults = new Poll({
      ask: (signal) => calls.refusals(room, signal),
      every: () => (this.ingest.value?.publishing ? 4 * QUIET_MS : QUIET_MS),
      take: (all) => (this.refusals.value = all),
    });
  }

  start(): void {
    void this.model.start();
    this.#health.start();
    this.#faults.start();
    void this.newAddress();
  }

  stop(): void {
    this.#health.stop();
    this.#faults.stop();
    this.model.stop();
  }

  /** Makes a push address that is good from now on; older ones stay good until they end. */
  async newAddress(): Promise<void> {
    this.addressError.value = null;
    try {
      this.addresses.value = await this.calls.addresses(this.room, LIFE);
    } catch (err) {
      this.addressError.value = err;
    }
  }

  /** Drives the room; what is refused is thrown. */
  async drive(act: Drive, reason = ''): Promise<void> {
    this.model.takeStatus(parseRecord(await this.calls.drive(this.room, act, reason)));
    this.#health.now();
  }

  async playBack(recording: string): Promise<void> {
    this.model.takeStatus(parseRecord(await this.calls.playback(this.room, [recording])));
  }

  /** Refusals that came after the push that runs began, or after the last one: older ones are history. */
  readonly fresh = computed(() => {
    const since = Date.parse(this.ingest.value?.startedAt ?? '') || 0;
    return this.refusals.value.filter((refusal) => Date.parse(refusal.at) > since);
  });
}
