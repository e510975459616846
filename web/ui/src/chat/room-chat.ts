import { computed, signal } from '@preact/signals';
import {
  EVENT, TYPES, type Chat, type CountInfo, type DegradedInfo, type LeftInfo, type LevelInfo, type LimitsInfo, type MemberInfo, type Message, type MutedInfo, type NoticeInfo,
  type RoleInfo, type SessionInfo, type SettingsInfo, type StatusInfo,
} from 'liveroom-sdk';
import type { Guest, StatusRecord } from '../api/types.ts';
import type { Key } from '../i18n/index.ts';
import { Backoff } from '../lib/backoff.ts';
import { parseRecord } from '../status/newest.ts';
import { errorKey, isSignatureError } from './errors.ts';
import type { Identities } from './identity.ts';
import { added, changed, emptyLog, gapped, levelRow, messageRow, renamed, rowOf, systemRow, withdrawn, withoutPast, type Log, type MessageRow, type Row } from './log.ts';
import { calls } from './mention.ts';
import { kickedOutWhy, leftWhy, refusalWhy, type Out, type Why } from './out.ts';
import { partsOf, wordsOf } from './parts.ts';

export type Presence =
  | { state: 'connecting' } // the first time, or on the way back in
  | { state: 'online' }
  | { state: 'offline' } // the line is away and comes back by itself
  | ({ state: 'out' } & Out);

export interface Me {
  user: string; // '' for an anonymous guest
  nick: string;
  avatar: string;
  anonymous: boolean;
  /** Has a name but no account of the site. */
  guest: boolean;
}

export interface RoomChatOptions {
  /** The SDK's instance; it becomes this room's alone. */
  sdk: Chat;
  group: string;
  identities: Identities;
  createGuest(nick: string): Promise<Guest>;
  /** Whatever status record came, old or new; only ever the server's own. */
  onStatus?(record: StatusRecord): void;
  /** The room has another title. */
  onTitle?(title: string): void;
  /** A text that was said just now (no history). */
  onLive?(text: string, own: boolean): void;
  /** The account of the room's anchor; absent or '' if there is none. */
  anchor?: string;
  random?: () => number;
}

const nobody: Me = { user: '', nick: '', avatar: '', anonymous: true, guest: true };

/** A room's chat as a page shows it, on top of the SDK: who one is, what was said, what one may do now. */
export class RoomChat {
  readonly presence = signal<Presence>({ state: 'connecting' });
  readonly log = signal<Log>(emptyLog);
  readonly me = signal<Me>(nobody);
  /** Who called this person last, by @, and how. */
  readonly called = signal<{ nick: string; text: string } | null>(null);
  /** Counts what this person said on this page. */
  readonly spoke = signal(0);
  readonly notice = signal<string | null>(null);
  readonly online = signal<number | null>(null);
  readonly muted = signal<MutedInfo | null>(null);
  readonly limits = signal<LimitsInfo | null>(null);
  readonly settings = signal<SettingsInfo['settings'] | null>(null);
  /** The server takes no files at all, as it said once. */
  readonly uploadsOff = signal(false);
  /** What is said is heard by some of the room only, and not kept, until the server's store is back. */
  readonly degraded = signal(false);
  readonly role = signal('');
  readonly keepsOrder = computed(() => this.role.value === TYPES.GRP_MBR_ROLE_OWNER || this.role.value === TYPES.GRP_MBR_ROLE_ADMIN);
  /** Something to tell the person once, such as a refused act; null after it was taken note of. */
  readonly remark = signal<Key | null>(null);
  /** The session's id, sent as vid= on play addresses so that a viewer counts once. */
  readonly session = signal('');

  readonly #o: RoomChatOptions;
  readonly #sdk: Chat;
  readonly #backoff: Backoff;
  #running = false;
  #in = false; // joined, and not taken out since
  #turn = 0; // counts attempts to enter: a newer one ends those before it
  #hurry: (() => void) | null = null; // ends the wait between two attempts

  /** The group it is the chat of. */
  get group(): string {
    return this.#o.group;
  }

  constructor(options: RoomChatOptions) {
    this.#o = options;
    this.#sdk = options.sdk;
    this.#backoff = new Backoff({ baseMs: 500, capMs: 20_000, ...(options.random ? { random: options.random } : {}) });
    this.#listen();
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#enter();
  }

  stop(): void {
    this.#running = false;
    this.#turn++;
    this.#hurry?.();
    void this.#sdk.destroy();
  }

  /** The page is seen again or the network is back: don't sit out a long wait. (Lines that are up the SDK looks after.) */
  wake(): void {
    this.#hurry?.();
  }

  /** Back into a room this page was taken out of. */
  comeBack(): void {
    if (this.presence.value.state !== 'out') return;
    this.#backoff.reset();
    void this.#enter();
  }

  /** Puts what was said in a recording at the end of the list; `anew`: in place of all of it that is there. */
  showPast(rows: readonly Row[], anew: boolean): void {
    this.log.value = added(anew ? withoutPast(this.log.value) : this.log.value, rows);
  }

  // -- who one is

  /** Takes a name, or another one. What it rejects with is a refusal to be told. */
  async takeName(nick: string): Promise<void> {
    const { identities, createGuest } = this.#o;
    if (!this.me.value.anonymous) {
      await this.#sdk.updateMyProfile({ nick }); // PROFILE_UPDATED tells it
      identities.renamed(nick);
      return;
    }
    // One that was made but not reached (the line fell in between) needn't be made again.
    const made = identities.load();
    if (made?.nick !== nick) identities.save({ ...(await createGuest(nick)), nick });
    await this.signIn();
  }

  /** Comes in as who this browser is by now, after that has changed. What it rejects with is why it can't. */
  async signIn(): Promise<void> {
    const turn = ++this.#turn;
    this.#hurry?.();
    try {
      await this.#once();
      if (turn === this.#turn) this.#entered();
    } catch (err) {
      if (isSignatureError(err)) this.#o.identities.forget();
      if (turn === this.#turn && this.#running) void this.#enter();
      throw err;
    }
  }

  // -- speaking

  /** Says something. The own row is there at once and tells what became of it; resolves with whether it was sent. */
  say(text: string): Promise<boolean> {
    const message = this.#sdk.createTextMessage({ to: this.#o.group, conversationType: TYPES.CONV_GROUP, payload: { text } });
    this.#show(messageRow(message, 'sending'));
    this.spoke.value++;
    this.#o.onLive?.(text, true);
    return this.#deliver(message);
  }

  /** Shows a picture of this device to all. */
  picture(file: File): Promise<boolean> {
    const message: Message = this.#sdk.createImageMessage({
      to: this.#o.group, conversationType: TYPES.CONV_GROUP, payload: { file },
      onProgress: (progress) => this.#change(message, { progress }),
    });
    const row = messageRow(message, 'sending');
    this.spoke.value++;
    if (row) this.#show({ ...row, progress: 0, parts: [{ kind: 'image', thumb: URL.createObjectURL(file), url: '', width: 0, height: 0 }] });
    return this.#deliver(message);
  }

  /** Tries a failed row again; the server leaves out what it already has. */
  async again(row: MessageRow): Promise<void> {
    if (row.state !== 'failed') return;
    this.#change(row.message, { state: 'sending' });
    await this.#deliver(row.message, true);
  }

  async #deliver(message: Message, again = false): Promise<boolean> {
    try {
      await (again ? this.#sdk.resendMessage(message) : this.#sdk.sendMessage(message));
      this.#change(message, { state: 'sent', parts: partsOf(message), time: message.time });
      return true;
    } catch (err) {
      const error = errorKey(err);
      if (error === 'err_uploads_off') this.uploadsOff.value = true;
      this.#change(message, { state: 'failed', error });
      return false;
    }
  }

  /** The row of an own message as it is now; what it said before of an error or a progress is over. */
  #change(message: Message, now: Partial<MessageRow>): void {
    this.log.value = changed(this.log.value, message.ID, ({ error: _, progress: __, ...row }) => {
      if (now.parts) for (const part of row.parts) if (part.kind === 'image' && part.thumb.startsWith('blob:')) URL.revokeObjectURL(part.thumb);
      return { ...row, ...now };
    });
  }

  #show(row: Row | null): void {
    if (row) this.log.value = added(this.log.value, [row]);
  }

  /** Milliseconds until one may speak again (slow mode, rates); 0: now. */
  wait(): number {
    const nextAt = this.#sdk.getLimits(this.#o.group)?.nextAt ?? 0;
    return nextAt === 0 ? 0 : Math.max(1, nextAt - this.now() * 1000);
  }

  /** The server's clock, unix seconds. */
  now(): number {
    return this.#sdk.getServerTime();
  }

  // -- keeping order

  recall(row: MessageRow): Promise<void> {
    return this.#act(async () => {
      await this.#sdk.revokeMessage(row.message);
      this.log.value = withdrawn(this.log.value, [row.message]);
    });
  }
  /** For so many seconds; 0 lets speak again. */
  mute(userID: string, seconds: number): Promise<void> {
    return this.#act(() => this.#sdk.setGroupMemberMuteTime({ groupID: this.#o.group, userID, muteTime: seconds }));
  }
  kick(userID: string): Promise<void> {
    return this.#act(() => this.#sdk.kickGroupMember({ groupID: this.#o.group, userIDList: [userID] }));
  }
  ban(userID: string, seconds: number): Promise<void> {
    return this.#act(() => this.#sdk.deleteGroupMember({ groupID: this.#o.group, userIDList: [userID], duration: seconds }));
  }

  async #act(act: () => Promise<unknown>): Promise<void> {
    this.remark.value = null;
    try {
      await act();
    } catch (err) {
      this.remark.value = errorKey(err);
    }
  }

  // -- going in

  /** Signs in and joins, again and again until it is done or the server says that it never will be. */
  async #enter(): Promise<void> {
    const turn = ++this.#turn;
    this.presence.value = { state: 'connecting' };
    while (turn === this.#turn) {
      try {
        await this.#once();
        if (turn === this.#turn) this.#entered();
        return;
      } catch (err) {
        if (turn !== this.#turn) return;
        if (isSignatureError(err) && this.#o.identities.load()) {
          this.#o.identities.forget(); // listen at least
          this.remark.value = 'err_signature';
          continue;
        }
        const out = refusalWhy(err);
        if (out) return this.#out(out);
        this.presence.value = { state: 'offline' };
        await this.#wait(this.#backoff.next());
      }
    }
  }

  /** As the user or guest this browser is, or as somebody who only listens. */
  async #once(): Promise<void> {
    const sdk = this.#sdk;
    const who = this.#o.identities.load();
    let goesOn = this.#in;
    if (sdk.getLoginUser() !== (who?.userID ?? '')) {
      this.#in = false; // should it fail
      if (sdk.getLoginUser() !== '') {
        goesOn = this.degraded.value = false; // only from an anonymous guest to a user the SDK keeps the room
        await sdk.logout();
      }
      if (who) await this.#signIn(who.userID, who.userSig);
    }
    const { data } = await sdk.joinGroup({ groupID: this.#o.group });
    this.#in = true;
    if (!goesOn) this.log.value = emptyLog; // its history comes anew
    this.role.value = data.group?.selfInfo.role ?? '';
  }

  async #signIn(userID: string, userSig: string): Promise<void> {
    const sdk = this.#sdk;
    const ready = new Promise<void>((resolve) => {
      const done = () => {
        sdk.off(EVENT.SDK_READY, done);
        resolve();
      };
      sdk.on(EVENT.SDK_READY, done);
    });
    await sdk.login({ userID, userSig });
    if (!sdk.isReady()) await ready;
  }

  #entered(): void {
    this.#backoff.reset();
    this.#tellMe();
    this.presence.value = { state: 'online' };
  }

  #tellMe(): void {
    const { userID, nick, avatar } = this.#sdk.getSelf();
    const known = this.#o.identities.load();
    if (userID === '') this.me.value = nobody;
    else this.me.value = { user: userID, nick: nick || known?.nick || userID, avatar, anonymous: false, guest: known?.guest ?? false };
  }

  #out(out: Out): void {
    this.#in = false;
    this.degraded.value = false;
    this.#turn++;
    this.presence.value = { state: 'out', ...out };
  }

  async #wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#hurry = () => (clearTimeout(timer), resolve());
    });
    this.#hurry = null;
  }

  // -- what the SDK tells

  #listen(): void {
    const on = <T>(name: string, take: (data: T) => void) => this.#sdk.on(name, (event: { data: T }) => take(event.data));
    /** Of this room only. */
    const here = <T extends { groupID: string }>(name: string, take: (data: T) => void) =>
      on<T>(name, (data) => data.groupID === this.#o.group && take(data));

    on<{ state: string }>(EVENT.NET_STATE_CHANGE, ({ state }) => this.#netState(state));
    on<Message[]>(EVENT.MESSAGE_RECEIVED, (messages) => this.#received(messages));
    on<Message[]>(EVENT.MESSAGE_REVOKED, (messages) => (this.log.value = withdrawn(this.log.value, messages)));
    on<Message[]>(EVENT.MESSAGE_MODIFIED, (messages) => this.#modified(messages));
    on(EVENT.PROFILE_UPDATED, () => this.#running && !this.me.value.anonymous && this.#tellMe());
    on<SessionInfo>(EVENT.LIVEROOM_SESSION, ({ session }) => (this.session.value = session));
    here(EVENT.LIVEROOM_GAP, () => (this.log.value = gapped(this.log.value)));
    here<MutedInfo>(EVENT.LIVEROOM_MUTED, (muted) => (this.muted.value = muted));
    here<LimitsInfo>(EVENT.LIVEROOM_LIMITS, (limits) => (this.limits.value = limits));
    here<NoticeInfo>(EVENT.LIVEROOM_NOTICE, ({ notice }) => (this.notice.value = notice));
    here<SettingsInfo>(EVENT.LIVEROOM_SETTINGS, ({ settings }) => (this.settings.value = settings));
    here<CountInfo>(EVENT.LIVEROOM_COUNT, ({ online }) => (this.online.value = online));
    here<DegradedInfo>(EVENT.LIVEROOM_DEGRADED, ({ degraded }) => (this.degraded.value = degraded));
    here<RoleInfo>(EVENT.LIVEROOM_ROLE, ({ role }) => (this.role.value = role));
    here<MemberInfo>(EVENT.LIVEROOM_MEMBER, ({ userID, nick, avatar }) => (this.log.value = renamed(this.log.value, userID, nick, avatar)));
    here<LevelInfo>(EVENT.LIVEROOM_LEVEL, (info) => info.level > info.from && this.#show(levelRow(info)));
    here<StatusInfo>(EVENT.LIVEROOM_STATUS, ({ status }) => this.#status(parseRecord(status)));
    here<LeftInfo>(EVENT.LIVEROOM_LEFT, ({ reason, until, detail }) => this.#out({ why: leftWhy(reason), until, detail }));
    on<{ type: string }>(EVENT.KICKED_OUT, ({ type }) => this.#kickedOut(type));
    on<{ code: number }>(EVENT.ERROR, ({ code }) => this.#ended(code === 110001 ? 'too_old' : 'closed'));
  }

  #netState(state: string): void {
    if (!this.#running || this.presence.value.state === 'out') return;
    if (state === TYPES.NET_STATE_CONNECTED) this.presence.value = { state: this.#in ? 'online' : 'connecting' };
    else if (this.#in || state === TYPES.NET_STATE_DISCONNECTED) this.presence.value = { state: 'offline' };
  }

  #received(messages: readonly Message[]): void {
    const { group } = this.#o;
    const rows: Row[] = [];
    for (const message of messages) {
      // What users send to each other is for programs here (invitations, control), not for the room's readers.
      if (message.conversationType === TYPES.CONV_C2C || message.to !== group) continue;
      const title = titled(message);
      if (title) this.#o.onTitle?.(title);
      const row =
        message.type !== TYPES.MSG_GRP_SYS_NOTICE ? rowOf(message, this.keepsOrder.value, this.log.value, this.#o.anchor)
        : message.payload.operationType === 255 ? systemRow(message)
        : null; // one's own leaving, which LIVEROOM_LEFT tells
      if (row) rows.push(row);
    }
    if (rows.length > 0) this.log.value = added(this.log.value, rows);
    for (const row of rows) if (row.kind === 'message' && !row.message.isHistory) this.#fly(row);
  }

  #fly(row: MessageRow): void {
    const words = wordsOf(row.parts);
    if (words) this.#o.onLive?.(words, row.own);
    if (!row.own && calls(words, this.me.peek().nick)) this.called.value = { nick: row.nick, text: words };
  }

  #modified(messages: readonly Message[]): void {
    this.log.value = withdrawn(this.log.value, messages.filter((m) => m.hasRiskContent));
    for (const message of messages) this.log.value = changed(this.log.value, message.ID, (row) => ({ ...row, parts: partsOf(message) }));
  }

  #status(record: StatusRecord | null): void {
    if (record) this.#o.onStatus?.(record);
  }

  /** The login was ended from outside. A name that ran out is only a name: one listens on. */
  #kickedOut(type: string): void {
    if (type !== TYPES.KICKED_OUT_USERSIG_EXPIRED) return this.#ended(kickedOutWhy(type));
    this.#in = false;
    this.#o.identities.forget();
    this.#forgetMe();
    this.remark.value = 'err_signature';
    queueMicrotask(() => this.#running && void this.#enter()); // when the SDK is done with the old login
  }

  #ended(why: Why): void {
    if (!this.#running) return;
    this.#forgetMe();
    this.#out({ why, until: 0, detail: '' });
  }

  #forgetMe(): void {
    this.me.value = nobody;
    this.role.value = '';
  }
}

/** The name that the group has from now on, which is its room's title; '' where a message tells none. */
function titled({ type, payload }: Message): string {
  if (type !== TYPES.MSG_GRP_TIP) return '';
  const { operationType, newGroupProfile } = payload as { operationType: number; newGroupProfile?: { groupName?: unknown } };
  return operationType === TYPES.GRP_TIP_GRP_PROFILE_UPDATED ? String(newGroupProfile?.groupName ?? '') : '';
}
