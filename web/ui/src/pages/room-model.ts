import { batch, computed, effect, signal } from '@preact/signals';
import type { Chat } from 'liveroom-sdk';
import { ApiError, type Api } from '../api/client.ts';
import type { RecordingNow, Room, StatusRecord } from '../api/types.ts';
import type { Identities } from '../chat/identity.ts';
import { RoomChat } from '../chat/room-chat.ts';
import { Interaction } from '../interact/interaction.ts';
import { parseNotice } from '../interact/notice.ts';
import { Backoff } from '../lib/backoff.ts';
import { secondsOf } from '../lib/duration.ts';
import type { Source } from '../player/controller.ts';
import { StatusFollower } from '../status/follow.ts';
import { parseRecord, reduce } from '../status/newest.ts';
import { Shown } from '../status/shown.ts';

export type RoomState = 'loading' | 'ready' | 'missing' | 'error';

export interface RoomModelOptions {
  api: Api;
  room: string;
  identities: Identities;
  /** The SDK's instance for this page's chat. */
  sdk: Chat;
}

const SESSION_WAIT_MS = 1500; // how long playing waits for the chat session it names
const RECORDING_MS = 15_000; // how often an anchor's page asks what is recorded
const FALLBACK_AFTER_MS = 3000; // chat away for this long: status comes by long poll

/** Everything a viewer page knows of its room: what it is, its newest status from whichever way came first, its chat. */
export class RoomModel {
  readonly state = signal<RoomState>('loading');
  readonly room = signal<Room | null>(null);
  /** As viewers see the room: as late as its picture. */
  readonly status = signal<StatusRecord | null>(null);
  /** As it is. */
  readonly known = signal<StatusRecord | null>(null);
  readonly chat = signal<RoomChat | null>(null);
  readonly interaction = signal<Interaction | null>(null);
  readonly notice = computed(() => parseNotice(this.chat.value?.notice.value ?? this.room.value?.notice ?? ''));
  readonly online = computed(() => (this.#chatOnline() ? this.chat.value?.online.value : null) ?? this.#polledOnline.value);
  /** What is recorded just now, as its anchor is told; null: nothing, or it is not told. */
  readonly recording = signal<RecordingNow | null>(null);
  readonly source = computed<Source>(() => sourceOf(this.status.value));

  readonly #options: RoomModelOptions;
  readonly #polledOnline = signal(0);
  readonly #shown: Shown;
  readonly #follower: StatusFollower;
  readonly #listeners = new Set<(text: string, own: boolean) => void>();
  readonly #abort = new AbortController();
  #stopEffects: (() => void)[] = [];

  constructor(options: RoomModelOptions) {
    this.#options = options;
    this.#shown = new Shown({
      show: (record) => (this.status.value = record),
      ahead: () => options.api.ahead ?? 0,
      toldLater: () => this.room.value?.delayRoom === true,
    });
    this.#follower = new StatusFollower({
      poll: (known, signal) => options.api.status(options.room, known, signal),
      current: () => this.known.value,
      onAnswer: (answer) => {
        this.takeStatus(parseRecord(answer));
        if (typeof answer.online === 'number') this.#polledOnline.value = answer.online;
      },
    });
  }

  /** Reads the room, again and again until it answers, then joins its chat. */
  async start(): Promise<void> {
    const backoff = new Backoff({ baseMs: 1000, capMs: 15_000 });
    while (!this.#abort.signal.aborted) {
      try {
        this.#take(await this.#options.api.room(this.#options.room, this.#abort.signal));
        return;
      } catch (err) {
        if (this.#abort.signal.aborted) return;
        this.state.value = err instanceof ApiError && err.status === 404 ? 'missing' : 'error';
        await new Promise((resolve) => setTimeout(resolve, backoff.next()));
      }
    }
  }

  stop(): void {
    this.#abort.abort();
    for (const stop of this.#stopEffects) stop();
    this.#follower.stop();
    this.#shown.stop();
    this.interaction.value?.stop();
    this.chat.value?.stop();
  }

  wake(): void {
    this.chat.value?.wake();
  }

  /** A record by whatever way; an older one changes nothing. */
  takeStatus(record: StatusRecord | null): void {
    if (!record || reduce(this.known.value, record) !== record) return;
    this.known.value = record;
    this.#shown.take(record);
  }

  /** Hears every text that is said from now on; returns how to stop. */
  onSaid(listener: (text: string, own: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A text that flies over the picture, though nobody says it just now. */
  echo(text: string): void {
    this.#listeners.forEach((listener) => listener(text, false));
  }

  /** Whether its anchor is on this page: he sees the room as it is, and what is recorded. */
  readonly isAnchor = computed(() => {
    const me = this.chat.value?.me.value;
    const anchor = this.room.value?.anchor ?? '';
    return anchor !== '' && me?.user === anchor && me?.anonymous === false;
  });

  /** Seconds by which viewers see its anchor later, as he is told before and while he pushes; 0: nothing to tell. */
  readonly seenLater = computed(() => {
    const record = this.known.value;
    if (!this.isAnchor.value || !record) return 0;
    if (record.name === 'live' || record.name === 'paused') return record.delay;
    return record.name === 'waiting' ? secondsOf(this.room.value?.delay) : 0;
  });

  /** The chat session for play addresses, or '' when the chat is not there in time. */
  session(): Promise<string> {
    return new Promise((resolve) => {
      let stop: () => void = () => {};
      const timer = setTimeout(() => finish(''), SESSION_WAIT_MS);
      const finish = (session: string) => {
        clearTimeout(timer);
        queueMicrotask(() => stop());
        resolve(session);
      };
      stop = effect(() => {
        const session = this.chat.value?.session.value;
        if (session) finish(session);
      });
    });
  }

  #take(room: Room): void {
    const group = room.groupId || room.id;
    const chat = new RoomChat({
      group,
      anchor: room.anchor,
      sdk: this.#options.sdk,
      identities: this.#options.identities,
      createGuest: (nick) => this.#options.api.guest(nick),
      onStatus: (record) => this.takeStatus(record),
      onTitle: (title) => (this.room.value = { ...(this.room.peek() as Room), title }),
      onLive: (text, own) => this.#listeners.forEach((listener) => listener(text, own)),
    });
    const interaction = new Interaction({ sdk: this.#options.sdk, group, anchor: room.anchor, chat });
    batch(() => {
      this.room.value = room;
      this.interaction.value = interaction;
      this.#polledOnline.value = room.online ?? 0;
      this.takeStatus(parseRecord(room.status));
      this.chat.value = chat;
      this.state.value = 'ready';
    });
    this.#stopEffects.push(this.#fallBack(chat), this.#lookBack(chat, interaction), this.#watchRecording());
    chat.start();
  }

  /** Long poll only while the chat, which brings the status faster, is away. */
  #fallBack(chat: RoomChat): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const there = computed(() => chat.presence.value.state === 'online'); // how it is away does not begin the wait anew
    const stop = effect(() => {
      clearTimeout(timer);
      if (there.value) this.#follower.stop();
      else timer = setTimeout(() => this.#follower.start(), FALLBACK_AFTER_MS);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }

  /** How a live went is asked for where one comes when it is over; who was there is told, and asks only if he was not. */
  #lookBack(chat: RoomChat, interaction: Interaction): () => void {
    const ended = computed(() => (isOver(this.status.value) && chat.presence.value.state === 'online' ? this.status.value.session : null));
    const running = computed(() => this.status.value?.name === 'live' || this.status.value?.name === 'paused');
    let wasThere = false;
    return effect(() => {
      wasThere ||= running.value;
      return ended.value === null ? undefined : interaction.lookBack(ended.value, wasThere);
    });
  }

  /** Its anchor sees whether a live is recorded: asked for now and then while there is one. */
  #watchRecording(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let turn = 0;
    const on = computed(() => this.isAnchor.value && (this.known.value?.name === 'live' || this.known.value?.name === 'paused'));
    const ask = async (mine: number): Promise<void> => {
      const who = this.#options.identities.load();
      try {
        const now = who && (await this.#options.api.recording(this.#options.room, who.userSig, this.#abort.signal));
        if (mine === turn) this.recording.value = now;
      } catch {
        // It is asked again.
      }
      if (mine === turn) timer = setTimeout(() => void ask(mine), RECORDING_MS);
    };
    const stop = effect(() => {
      const mine = ++turn;
      clearTimeout(timer);
      if (on.value) void ask(mine);
      else this.recording.value = null;
    });
    return () => {
      turn++;
      clearTimeout(timer);
      stop();
    };
  }

  #chatOnline(): boolean {
    return this.chat.value?.presence.value.state === 'online';
  }
}

/** Whether a live is over, and how it went can be told. */
export const isOver = (record: StatusRecord | null): record is StatusRecord => record?.name === 'ended' || record?.name === 'playback';

/** What the player should show for a status. */
export function sourceOf(record: StatusRecord | null): Source {
  switch (record?.name) {
    case 'live':
      return { kind: 'live', expecting: true };
    case 'paused':
      return { kind: 'live', expecting: false };
    case 'playback':
      return record.playbackUrl ? { kind: 'playback', url: record.playbackUrl } : { kind: 'none' };
    case 'waiting':
    case 'ended':
    case undefined:
      return { kind: 'none' };
  }
}
