import { signal } from '@preact/signals';
import type { Guest, StatusRecord } from '../api/types.ts';
import { Backoff } from '../lib/backoff.ts';
import { parseRecord } from '../status/record.ts';
import { closeKey, errorKey, isSignatureError } from './errors.ts';
import type { GuestStore } from './identity.ts';
import { emptyLog, joined, pending, received, settled, type Log } from './log.ts';
import { ChatError, ChatSocket, type SocketLike } from './socket.ts';
import { messageText, parseItems, serverData, type ChatMessage, type Frame, type Item, type Reply, type StateEvent } from './wire.ts';

export type Connection =
  | { state: 'connecting' } // the first time
  | { state: 'online' }
  | { state: 'offline' } // trying again
  | { state: 'closed'; why: ReturnType<typeof closeKey> }; // the server does not want us back

export interface Me {
  user: string;
  nick: string;
  anonymous: boolean;
}

export interface ChatOptions {
  group: string;
  connect(): SocketLike;
  guests: GuestStore;
  createGuest(nick: string): Promise<Guest>;
  /** Whatever status record came, old or new, by message or attribute; only ever the server's own. */
  onStatus?(record: StatusRecord): void;
  /** A text that was said just now (no history). */
  onLive?(text: string, own: boolean): void;
  random?: () => number;
}

const STABLE_MS = 10_000;

// Ends that say nothing about the person: a phone that slept through the greeting, a frame that was garbled. Another line may do.
const OWN_FAULTS = new Set(['auth_timeout', 'auth_failed', 'bad_frame', 'not_text', 'too_big']);

/** A room's chat: connects, comes back by itself, resumes where it was. Its signals are what a page shows. */
export class ChatClient {
  readonly connection = signal<Connection>({ state: 'connecting' });
  readonly log = signal<Log>(emptyLog);
  readonly me = signal<Me>({ user: '', nick: '', anonymous: true });
  readonly notice = signal<string | null>(null);
  readonly online = signal<number | null>(null);
  /** The session's id, sent as vid= on play addresses so that a viewer counts once. */
  readonly session = signal('');

  readonly #options: ChatOptions;
  readonly #backoff: Backoff;
  #eventVersions = new Map<string, number>(); // by kind of event: the newest one taken in
  #socket: ChatSocket | null = null;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #stable: ReturnType<typeof setTimeout> | null = null;
  #afterMs: number | null = null;
  #running = false;

  constructor(options: ChatOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ baseMs: 500, capMs: 20_000, ...(options.random ? { random: options.random } : {}) });
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#open();
  }

  stop(): void {
    this.#running = false;
    this.#clearTimers();
    this.#socket?.close();
    this.#socket = null;
  }

  /** The page is seen again or the network is back: don't sit out a long wait, and don't believe an old line. */
  wake(): void {
    if (!this.#running || this.connection.value.state === 'closed') return;
    if (this.#retry !== null) {
      this.#clearTimers();
      void this.#open();
    } else {
      this.#socket?.probe();
    }
  }

  /** Takes a nickname: from now on this person may speak. The server knows a line as one person, so another one is opened. */
  async becomeGuest(nick: string): Promise<void> {
    const { guests, createGuest } = this.#options;
    // One that was made but not reached (the line fell in between) needn't be made again.
    if (!(this.me.value.anonymous && guests.load()?.nick === nick)) guests.save({ ...(await createGuest(nick)), nick });
    await this.#reopen();
    if (this.me.value.anonymous) throw new ChatError(0, 'offline');
  }

  /** Says something. The own row is there at once and tells what became of it; the promise never rejects. */
  async send(text: string): Promise<void> {
    const random = crypto.getRandomValues(new Uint32Array(1))[0] as number;
    const { user, nick } = this.me.value;
    this.log.value = pending(this.log.value, { random, from: user, nick, text, time: Date.now() / 1000 });
    this.#options.onLive?.(text, true);
    await this.#deliver(random, text);
  }

  /** Tries a failed row again, under the same random: the server leaves out what it already has. */
  async resend(random: number): Promise<void> {
    const row = this.log.value.rows.find((r) => r.kind === 'message' && r.own && r.random === random);
    if (row?.kind !== 'message' || row.state !== 'failed') return;
    this.log.value = settled(this.log.value, random, 'sending');
    await this.#deliver(random, row.text);
  }

  async #deliver(random: number, text: string): Promise<void> {
    try {
      if (!this.#socket) throw new ChatError(0, 'offline');
      await this.#socket.request('send', {
        group: this.#options.group,
        random,
        priority: 'Normal',
        body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: text } }],
      });
      this.log.value = settled(this.log.value, random, 'sent');
    } catch (err) {
      this.log.value = settled(this.log.value, random, 'failed', errorKey(err));
    }
  }

  async #open(): Promise<void> {
    this.#retry = null;
    this.#afterMs = null;
    let socket: ChatSocket;
    try {
      socket = new ChatSocket(this.#options.connect(), {
        onPush: (frame) => this.#socket === socket && this.#pushed(frame),
        onDown: () => this.#socket === socket && this.#down(),
      });
    } catch {
      return this.#scheduleRetry(); // the address itself was refused
    }
    this.#socket = socket;
    try {
      await socket.opened();
      await this.#enter(socket);
    } catch (err) {
      if (this.#socket === socket) this.#refused(socket, err);
    }
  }

  /** auth and join: as the remembered guest, or as somebody who only listens. */
  async #enter(socket: ChatSocket): Promise<void> {
    const guest = this.#options.guests.load();
    const hello = await socket.request('auth', {
      platform: 'Web',
      ...(this.session.value ? { session: this.session.value } : {}),
      ...(guest ? { userId: guest.userId, userSig: guest.userSig } : {}),
    });
    const log = this.log.value;
    const { group } = this.#options;
    const answer = await socket.request('join', log.epoch ? { group, epoch: log.epoch, seq: log.lastSeq } : { group });
    if (this.#socket !== socket) throw new ChatError(0, 'offline');
    this.#welcome(hello, answer, guest?.nick ?? '');
    socket.keepAlive(typeof hello.pingSeconds === 'number' ? hello.pingSeconds : 15);
    // Only a line that holds ends the growing waits: one that falls at once would be tried in a tight loop.
    this.#stable ??= setTimeout(() => this.#backoff.reset(), STABLE_MS);
  }

  #welcome(hello: Reply, answer: Reply, guestNick: string): void {
    const user = String(hello.user ?? '');
    const anonymous = hello.anonymous !== false;
    this.me.value = { user, nick: String(hello.nick || guestNick || user), anonymous };
    this.session.value = String(hello.session ?? '');
    const messages = onlyMessages(parseItems(answer.messages));
    this.log.value = joined(
      this.log.value,
      { epoch: String(answer.epoch ?? ''), seq: Number(answer.seq ?? 0), complete: answer.complete !== false, messages },
      anonymous ? '' : user,
    );
    this.#eventVersions = new Map(Object.entries((answer.versions ?? {}) as Record<string, number>));
    this.#takeState('attributes', { attributes: answer.attributes });
    this.#takeState('notice', { notice: answer.notice });
    this.#takeState('count', typeof answer.count === 'object' && answer.count !== null ? (answer.count as Record<string, unknown>) : {});
    this.#readStatus(messages);
    this.connection.value = { state: 'online' };
  }

  #pushed(frame: Exclude<Frame, { kind: 'reply' }>): void {
    if (frame.kind === 'close') {
      if (frame.reconnect) this.#afterMs = frame.afterMs;
      else if (!OWN_FAULTS.has(frame.reason)) this.#closeForGood(frame.reason);
      return;
    }
    if (frame.group !== this.#options.group) return;
    const me = this.me.value.anonymous ? '' : this.me.value.user;
    const messages = onlyMessages(frame.items);
    const fresh = messages.filter((m) => m.seq === 0 || m.seq > this.log.value.lastSeq);
    if (messages.length > 0) this.log.value = received(this.log.value, messages, me);
    this.#readStatus(fresh);
    for (const item of frame.items) if (item.type === 'event') this.#event(item);
    for (const message of fresh) {
      const text = message.from === me ? '' : messageText(message);
      if (text && !serverData(message)) this.#options.onLive?.(text, false);
    }
  }

  #event(event: StateEvent): void {
    const seen = this.#eventVersions.get(event.event);
    if (seen !== undefined && event.version > 0 && event.version < seen) return;
    this.#eventVersions.set(event.event, event.version);
    if (event.event === 'dismissed') return this.#closeForGood('dismissed');
    this.#takeState(event.event, event.data);
  }

  #takeState(kind: string, data: Record<string, unknown>): void {
    switch (kind) {
      case 'attributes': {
        const attributes = data.attributes as Record<string, unknown> | null | undefined;
        const record = parseRecord(attributes?.live_status);
        if (record) this.#options.onStatus?.(record);
        break;
      }
      case 'notice':
        if (typeof data.notice === 'string') this.notice.value = data.notice;
        break;
      case 'count':
        if (typeof data.online === 'number') this.online.value = data.online;
        break;
    }
  }

  #readStatus(messages: readonly ChatMessage[]): void {
    for (const message of messages) {
      const data = serverData(message);
      if (data?.type !== 'live_status') continue;
      const record = parseRecord(data);
      if (record) this.#options.onStatus?.(record);
    }
  }

  #refused(socket: ChatSocket, err: unknown): void {
    if (isSignatureError(err)) this.#options.guests.save(null); // listen at least
    if (err instanceof ChatError && err.word === 'banned') this.#closeForGood('banned');
    else socket.close();
  }

  #down(): void {
    this.#socket = null;
    if (this.#stable !== null) clearTimeout(this.#stable);
    this.#stable = null;
    if (!this.#running || this.connection.value.state === 'closed') return;
    this.connection.value = { state: 'offline' };
    this.#scheduleRetry();
  }

  #scheduleRetry(): void {
    const wait = this.#backoff.next();
    this.#retry = setTimeout(() => void this.#open(), this.#afterMs === null ? wait : this.#afterMs + wait / 2);
  }

  async #reopen(): Promise<void> {
    this.#clearTimers();
    const old = this.#socket;
    this.#socket = null; // its end is no news
    old?.close();
    await this.#open();
  }

  #closeForGood(reason: string): void {
    this.connection.value = { state: 'closed', why: closeKey(reason) };
    this.#clearTimers();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #clearTimers(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    if (this.#stable !== null) clearTimeout(this.#stable);
    this.#retry = this.#stable = null;
  }
}

const onlyMessages = (items: readonly Item[]): ChatMessage[] => items.filter((item) => item.type === 'message');
