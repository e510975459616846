import { EVENT, TYPES } from './constants.ts';
import { groupOf, noSettings, roomSettings, type GroupFacts } from './group.ts';
import { groupMessage, messageID, blank, conversationID, modified, type Sent } from './message.ts';
import { drawTold, giftResult, sessionSummary } from './news.ts';
import { Recent } from './recent.ts';
import { liveStatus, newerStatus } from './status.ts';
import { NOTICE, notice, tip, type TipPayload } from './tips.ts';
import { customData } from './told.ts';
import type {
  CountInfo, DegradedInfo, Draw, Environment, Group, LeftInfo, LevelInfo, LikesInfo, LimitsInfo, LiveStatus, Message, MutedInfo, RoomSettings, TotalsInfo, UserInfo,
} from './types.ts';
import {
  ADMINISTRATOR, FOREVER, isObject, list, number, numbers, parseMessages, seconds, strings, text, texts,
  type Element, type Item, type Json, type Reply, type WireEvent, type WireMessage,
} from './wire.ts';

export interface RoomContext {
  env: Environment;
  emit(name: string, data: unknown): void;
  /** This user; empty for a guest. */
  me(): UserInfo;
  meChanged(nick: string, avatar: string): void;
  serverNow(): number; // ms
}

const KEPT_MESSAGES = 500; // by which withdrawn ones are found again, and own ones known
const LONGEST_TIMER_MS = 24 * 3600_000;
const KEPT_DRAWS = 20;
const TOTALS = ['live_likes', 'live_gift_value', 'live_gift_count', 'live_popularity'] as const; // counters of the server's own

/** One room this instance is in: its newest state, and what of its messages was seen. It emits what a page should know. */
export class Room {
  readonly groupID: string;
  /** Its page knows it only as a guest's (no `group` was handed out). */
  asGuest: boolean;
  role = '';
  joinedAt = 0; // unix seconds
  epoch = '';
  seq = 0;
  settings: RoomSettings = noSettings;
  attributes: Record<string, string> = {};
  attributesVersion = 0;
  counters: Record<string, number> = {};
  count: Omit<CountInfo, 'groupID'> = { members: 0, viewers: 0, online: 0 };
  status: LiveStatus | null = null;
  degraded = false;

  readonly #ctx: RoomContext;
  #name = '';
  #owner = '';
  #notice = '';
  #createdAt = 0;
  #fields: Record<string, string> = {};
  #muteAll = false;
  #mutedUntil = 0;
  #nextAt = 0;
  #versions = new Map<string, number>();
  #messages = new Recent<number, Message>(KEPT_MESSAGES); // by sequence
  #ids = new Recent<string, number>(KEPT_MESSAGES); // sequence by ID
  #people = new Recent<string, UserInfo>(KEPT_MESSAGES); // as they were last called here
  #own = new Recent<number, Sent & { message: Message }>(KEPT_MESSAGES); // by random
  #held: Item[] | null = []; // what came before the page could know of its joining, or before the answer that resumes
  #muteTimer: unknown = null;
  #likes = 0; // as an answer said; the counter comes later
  #ahead = 0; // own likes the server did not answer yet
  #draws = new Recent<string, Draw['state']>(KEPT_DRAWS);
  #closed = false;

  constructor(ctx: RoomContext, groupID: string, asGuest: boolean) {
    this.#ctx = ctx;
    this.groupID = groupID;
    this.asGuest = asGuest;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Joined, and not only asked for. */
  get isIn(): boolean {
    return this.epoch !== '' && !this.#closed;
  }

  /** The room is left: whatever still comes of it is not for the page. */
  close(): void {
    this.#closed = true;
    this.#held = null;
    this.#ctx.env.clearTimeout(this.#muteTimer);
  }

  group(): Group {
    return groupOf(this.facts(), { userID: this.#ctx.me().userID, role: this.role, joinTime: this.joinedAt });
  }

  facts(): GroupFacts {
    const { introduction, avatar, slowMode } = this.settings;
    return {
      groupID: this.groupID, name: this.#name, owner: this.#owner, notice: this.#notice, introduction, avatar, slowMode, fields: this.#fields,
      muteAll: this.#muteAll, createdAt: this.#createdAt, members: this.count.members,
    };
  }

  limits(): LimitsInfo {
    return { groupID: this.groupID, slowMode: this.settings.slowMode, nextAt: this.#nextAt > this.#ctx.serverNow() ? this.#nextAt : 0 };
  }

  muted(): MutedInfo {
    const until = this.#mutedUntil * 1000 > this.#ctx.serverNow() ? this.#mutedUntil : 0;
    const bound = this.role !== TYPES.GRP_MBR_ROLE_OWNER && this.role !== TYPES.GRP_MBR_ROLE_ADMIN;
    return { groupID: this.groupID, muted: until > 0 || (this.#muteAll && bound), all: this.#muteAll, until };
  }

  totals(): TotalsInfo {
    const [likes = 0, giftValue = 0, giftCount = 0, popularity = 0] = TOTALS.map((key) => this.counters[key]);
    return { groupID: this.groupID, likes: Math.max(likes, this.#likes) + this.#ahead, giftValue, giftCount, popularity };
  }

  /** This user likes it so many times more; or the server answered about so many (below 0), what of them it took, and how many it counts now (0: it did not say). */
  liked(count: number, accepted = 0, likes = 0): void {
    this.#ahead += count;
    this.#likes = Math.max(this.#likes, likes || Math.max(this.#likes, this.counters[TOTALS[0]] ?? 0) + accepted);
    this.#emit(EVENT.LIVEROOM_TOTALS, this.totals());
  }

  /** A draw as the server answered: its message is no news any more. */
  sawDraw(draw: Draw): void {
    this.#draws.keep(draw.id, draw.state);
  }

  /** The answer to the first join. What it holds is told to the page once joinGroup has resolved. */
  entered(answer: Reply): void {
    this.joinedAt = Math.floor(this.#ctx.serverNow() / 1000);
    this.#takeState(answer);
    this.seq = number(answer.seq);
    const history = parseMessages(answer.messages);
    this.#ctx.env.setTimeout(() => {
      if (this.#closed) return;
      this.#announce();
      this.#setDegraded(answer.degraded === true);
      const messages = history.map((m) => this.#remember(m, true));
      if (messages.length > 0) this.#emit(EVENT.MESSAGE_RECEIVED, messages);
      for (const message of messages) this.#sawStatus(liveStatus(message));
      const held = this.#held ?? [];
      this.#held = null;
      this.take(held);
    }, 0);
  }

  /** The line fell: what comes over the next one waits for the answer that resumes. */
  pause(): void {
    this.#held ??= [];
  }

  /** The answer to a join that goes on where this room was when the line fell. */
  resumed(answer: Reply): void {
    const missed = parseMessages(answer.messages);
    const newest = number(answer.seq);
    if (text(answer.epoch) !== this.epoch) this.#beginAgain((missed[0]?.seq ?? newest + 1) - 1);
    const items = missed.map((message) => ({ message }));
    this.#update(answer);
    const held = this.#held ?? [];
    this.#held = null;
    this.take(items); // tells of every hole
    if (newest > this.seq) {
      this.#gap({ from: this.seq + 1, to: newest });
      this.seq = newest;
    }
    this.#withdrawn(list(answer.withdrawn).filter(isObject));
    this.take(held);
  }

  /** Another group has the name now: nothing of the old one's sequence holds, and what was said in between is unknown. */
  #beginAgain(seq: number): void {
    this.seq = seq;
    this.attributesVersion = 0;
    this.#versions.clear();
    this.#messages.clear();
    this.#ids.clear();
    this.#likes = 0;
    this.#gap({});
  }

  /** Items of a batch, in order. */
  take(items: readonly Item[]): void {
    if (this.#held) return void this.#held.push(...items);
    const out: Message[] = [];
    const flush = () => {
      const messages = out.splice(0);
      if (messages.length > 0) this.#emit(EVENT.MESSAGE_RECEIVED, messages);
      for (const message of messages) this.#news(message);
    };
    for (const item of inOrder(items)) {
      if (this.#closed) return;
      if (item.message) {
        const message = this.#received(item.message, flush);
        if (message) out.push(message);
      } else {
        this.#event(item.event, (payload) => out.push(this.#tip(payload)), flush);
      }
    }
    flush();
    for (const { message } of items) {
      if (message?.from === ADMINISTRATOR) this.#sawStatus(liveStatus(groupMessage(message, this.groupID, '')));
    }
  }

  /** A message of this instance is about to be sent: its copy that comes back is not for the page. */
  sending(message: Message, body: Element[]): void {
    this.#own.keep(message.random, { message, body, data: message.cloudCustomData });
  }

  /** The server may have changed what was sent. */
  changed(message: Message, body: readonly Element[], data: unknown): void {
    const own = this.#own.get(message.random);
    if (!own || !modified(message, own, body, data)) return;
    this.#emit(EVENT.MESSAGE_MODIFIED, [message]);
  }

  /** When this user may speak next, unix ms. */
  mayNext(at: number): void {
    if (!at || at === this.#nextAt) return;
    this.#nextAt = at;
    this.#emit(EVENT.LIVEROOM_LIMITS, this.limits());
  }

  /** The sequence of a message this instance sent: 0 if the limiter dropped it, undefined if it is another's or long ago. */
  ownSequence(message: Message): number | undefined {
    const own = this.#own.get(message.random);
    return own && own.message.ID === message.ID ? (this.#ids.get(message.ID) ?? 0) : undefined;
  }

  /** A refusal told about a mute that this side did not know of. */
  mutedUntil(until: number): void {
    if (until > this.#mutedUntil) this.#setMuted(this.#muteAll, until);
  }

  /** The user was taken out: the page is told why, and nothing of the room any more. */
  left(info: Omit<LeftInfo, 'groupID'>): void {
    if (this.#closed) return;
    const operation: Record<string, number> = { kicked: NOTICE.KICKED, banned: NOTICE.BANNED, dismissed: NOTICE.DISMISSED };
    const profile = this.group();
    this.close();
    const said = notice(profile, Math.floor(this.#ctx.serverNow() / 1000), operation[info.reason] ?? NOTICE.LEFT, {
      operatorID: info.by, userDefinedField: '', handleMessage: info.detail,
    });
    this.#ctx.emit(EVENT.MESSAGE_RECEIVED, [said]);
    this.#ctx.emit(EVENT.GROUP_SYSTEM_NOTICE_RECEIVED, { type: said.payload.operationType, message: said });
    this.#ctx.emit(EVENT.LIVEROOM_LEFT, { groupID: this.groupID, ...info } satisfies LeftInfo);
  }

  #emit(name: string, data: unknown): void {
    if (!this.#closed) this.#ctx.emit(name, data);
  }

  #gap(where: { from?: number; to?: number }): void {
    this.#emit(EVENT.LIVEROOM_GAP, { groupID: this.groupID, complete: false, ...where });
  }

  #tip(payload: TipPayload): Message {
    return tip(this.groupID, this.group(), Math.floor(this.#ctx.serverNow() / 1000), payload);
  }

  // -- messages

  #received(wire: WireMessage, flush: () => void): Message | null {
    if (wire.seq > 0) {
      if (wire.seq <= this.seq) return null;
      if (wire.seq > this.seq + 1) {
        flush();
        this.#gap({ from: this.seq + 1, to: wire.seq - 1 });
      }
      this.seq = wire.seq;
    }
    const own = this.#isMe(wire.from) ? this.#own.get(wire.random) : undefined;
    if (own) {
      own.message.sequence = wire.seq;
      own.message.status = 'success'; // whatever became of the answer
      own.message.isDegraded = wire.degraded;
      own.message.time = wire.time || own.message.time;
      this.#messages.keep(wire.seq, own.message);
      this.#ids.keep(own.message.ID, wire.seq);
      flush();
      this.changed(own.message, wire.body, wire.cloudCustomData);
      return null;
    }
    if (wire.seq === 0 && this.#ids.has(messageID(wire.from, wire.random, 0))) return null;
    return this.#remember(wire, false);
  }

  #remember(wire: WireMessage, isHistory: boolean): Message {
    const message = groupMessage(wire, this.groupID, this.#ctx.me().userID);
    this.#called(wire.from, wire.nick, wire.avatar);
    // Two messages of one sender may carry the same random number (by REST): the later one is told apart by its sequence.
    const taken = this.#ids.get(message.ID);
    if (taken !== undefined && taken !== wire.seq) message.ID += `-${wire.seq}`;
    message.isHistory = isHistory;
    this.#ids.keep(message.ID, wire.seq);
    if (wire.seq > 0) this.#messages.keep(wire.seq, message);
    return message;
  }

  /** Whether it is this user; a guest is nobody whom the server names. */
  #isMe(userID: string): boolean {
    return userID !== '' && userID === this.#ctx.me().userID;
  }

  #called(userID: string, nick: string, avatar: string): UserInfo {
    const info = { userID, nick, avatar };
    this.#people.keep(userID, info);
    return info;
  }

  /** Somebody the server names by id alone, as a page may call him. */
  #person(userID: string, nick = ''): UserInfo {
    const known = this.#isMe(userID) ? this.#ctx.me() : this.#people.get(userID);
    return { userID, nick: nick || known?.nick || '', avatar: known?.avatar ?? '' };
  }

  /** A message that was said before; one this instance never saw stands for itself by its sequence. */
  #known(sequence: number, from: string): Message {
    return this.#messages.get(sequence) ?? blank({
      ID: messageID(from, 0, sequence), from, sequence, to: this.groupID, conversationID: conversationID(TYPES.CONV_GROUP, this.groupID),
    });
  }

  #withdrawn(all: Json[]): void {
    const recalled = all.filter((w) => w.kind !== 'blocked').map((w) => this.#recalled(w, text(w.by), text(w.reason)));
    const blocked = all.filter((w) => w.kind === 'blocked').map((w) => this.#blocked(w));
    if (recalled.length > 0) this.#emit(EVENT.MESSAGE_REVOKED, recalled);
    if (blocked.length > 0) this.#emit(EVENT.MESSAGE_MODIFIED, blocked);
  }

  #recalled(which: Json, by: string, reason: string): Message {
    const message = this.#known(number(which.seq), text(which.from));
    message.isRevoked = true;
    message.revoker = by;
    message.revokerInfo = this.#person(by);
    message.revokeReason = reason;
    return message;
  }

  #blocked(which: Json): Message {
    const message = this.#known(number(which.seq), text(which.from));
    message.isModified = true;
    message.hasRiskContent = true;
    return message;
  }

  /** Tells what is typed in a message that came just now. */
  #news(message: Message): void {
    if (message.type !== TYPES.MSG_CUSTOM) return;
    const { groupID } = this;
    if (message.from === ADMINISTRATOR) {
      const gift = giftResult(message);
      if (gift) return this.#emit(EVENT.LIVEROOM_GIFT, gift);
      const draw = drawTold(message);
      if (draw) return this.#drawNews(draw);
      const summary = sessionSummary(message);
      if (summary) this.#emit(EVENT.LIVEROOM_SUMMARY, { groupID, summary });
      return;
    }
    const data = customData(message);
    if (data?.type !== 'like' || this.#isMe(message.from)) return;
    const { from: userID, nick, avatar } = message;
    this.#emit(EVENT.LIVEROOM_LIKES, { groupID, from: { userID, nick, avatar }, count: Math.max(1, number(data.count)) } satisfies LikesInfo);
  }

  #drawNews(draw: Draw): void {
    const known = this.#draws.get(draw.id);
    if (known === draw.state || (known !== undefined && draw.state === 'open')) return;
    this.sawDraw(draw);
    this.#emit(draw.state === 'open' ? EVENT.LIVEROOM_DRAW_STARTED : EVENT.LIVEROOM_DRAW_ENDED, { groupID: this.groupID, draw });
  }

  // -- state

  /** Reads the state that an answer to join holds. */
  #takeState(answer: Reply): void {
    this.epoch = text(answer.epoch);
    this.role = text(answer.role);
    this.#versions = new Map(Object.entries(numbers(answer.versions)));
    this.attributes = strings(answer.attributes);
    this.attributesVersion = this.#versions.get('attributes') ?? 0;
    this.counters = numbers(answer.counters);
    this.#fields = strings(answer.fields);
    this.#notice = text(answer.notice);
    this.#takeProfile(answer.profile);
    this.#takeCount(answer.count);
    this.settings = roomSettings(answer.settings);
    const mute = isObject(answer.mute) ? answer.mute : {};
    this.#muteAll = mute.all === true || this.settings.muteAll;
    this.#mutedUntil = number(mute.until);
    this.#nextAt = nextAt(answer);
  }

  #takeProfile(profile: unknown): void {
    if (!isObject(profile)) return;
    this.#name = text(profile.name);
    this.#owner = text(profile.owner);
    this.#createdAt = seconds(profile.createdAt);
  }

  #takeCount(count: unknown): void {
    if (isObject(count)) this.count = { members: number(count.members), viewers: number(count.viewers), online: number(count.online) };
  }

  /** Tells all that a page may want to show from the beginning. */
  #announce(): void {
    const { groupID } = this;
    this.#emit(EVENT.LIVEROOM_SETTINGS, { groupID, settings: this.settings });
    this.#emit(EVENT.LIVEROOM_NOTICE, { groupID, notice: this.#notice });
    this.#emit(EVENT.LIVEROOM_COUNT, { groupID, ...this.count });
    this.#emit(EVENT.LIVEROOM_TOTALS, this.totals());
    this.#emit(EVENT.LIVEROOM_LIMITS, this.limits());
    this.#emit(EVENT.LIVEROOM_MUTED, this.muted());
    this.#armMute();
    this.#sawStatus(liveStatus(this.attributes));
  }

  /** After a time away: what is different is told as if it had just happened. */
  #update(answer: Reply): void {
    const versions = numbers(answer.versions);
    const state: [string, Json][] = [
      ['attributes', { attributes: answer.attributes }], ['fields', { fields: answer.fields }], ['notice', { notice: answer.notice }],
      ['profile', isObject(answer.profile) ? answer.profile : {}], ['counters', { counters: answer.counters }],
    ];
    if (isObject(answer.settings)) state.push(['settings', answer.settings]);
    if (isObject(answer.count)) state.push(['count', answer.count]);
    this.epoch = text(answer.epoch);
    // What is not the room's state counts by its server's clock, and this may be another server.
    for (const kind of this.#versions.keys()) if (!(kind in versions)) this.#versions.delete(kind);
    const out: Message[] = [];
    const flush = () => out.length > 0 && this.#emit(EVENT.MESSAGE_RECEIVED, out.splice(0));
    for (const [event, data] of state) this.#event({ event, version: versions[event] ?? 0, data }, (payload) => out.push(this.#tip(payload)), flush);
    flush();
    this.#setRole(text(answer.role));
    const mute = isObject(answer.mute) ? answer.mute : {};
    this.#setMuted(mute.all === true || this.settings.muteAll, number(mute.until));
    this.mayNext(nextAt(answer));
    this.#setDegraded(answer.degraded === true);
  }

  #sawStatus(status: LiveStatus | null): void {
    if (!status || status.epoch === '' || !newerStatus(this.status, status)) return;
    this.status = status;
    this.#emit(EVENT.LIVEROOM_STATUS, { groupID: this.groupID, status });
  }

  #setRole(role: string): void {
    if (role === this.role) return;
    this.role = role;
    this.#emit(EVENT.LIVEROOM_ROLE, { groupID: this.groupID, role });
    if (this.#muteAll) this.#emit(EVENT.LIVEROOM_MUTED, this.muted());
  }

  #setMuted(all: boolean, until: number): void {
    if (all === this.#muteAll && until === this.#mutedUntil) return;
    this.#muteAll = all;
    this.#mutedUntil = until;
    this.#emit(EVENT.LIVEROOM_MUTED, this.muted());
    this.#armMute();
  }

  /** A mute ends by itself; the page is told then. */
  #armMute(): void {
    const { env } = this.#ctx;
    env.clearTimeout(this.#muteTimer);
    const left = this.#mutedUntil * 1000 - this.#ctx.serverNow();
    if (left <= 0 || this.#mutedUntil === FOREVER || this.#closed) return;
    this.#muteTimer = env.setTimeout(() => {
      if (this.#mutedUntil * 1000 > this.#ctx.serverNow()) return this.#armMute();
      this.#setMuted(this.#muteAll, 0);
    }, Math.min(left + 50, LONGEST_TIMER_MS));
  }

  // -- events

  /** Takes in one event of the server: state is kept, what Tencent tells by tips becomes one. */
  #event(item: WireEvent, tipped: (payload: TipPayload) => void, flush: () => void): void {
    const { event, version, data } = item;
    const known = this.#versions.get(event);
    if (known !== undefined && version > 0 && version < known) return;
    if (version > 0) this.#versions.set(event, version);
    const emit = (name: string, value: unknown) => (flush(), this.#emit(name, value));
    const by = { operatorInfo: this.#person(text(data.by)) };
    switch (event) {
      case 'attributes':
        return this.#attributesEvent(strings(data.attributes), version, emit);
      case 'counters':
        return this.#countersEvent(numbers(data.counters), emit);
      case 'count':
        if (sameJson(this.count, data)) return;
        this.#takeCount(data);
        return emit(EVENT.LIVEROOM_COUNT, { groupID: this.groupID, ...this.count });
      case 'fields': {
        const fields = strings(data.fields);
        if (sameJson(fields, this.#fields)) return;
        const changed = Object.keys({ ...fields, ...this.#fields }).filter((key) => fields[key] !== this.#fields[key]);
        this.#fields = fields;
        return tipped({ operationType: 6, newGroupProfile: { groupCustomField: changed.map((key) => ({ key, value: fields[key] ?? '' })) } });
      }
      case 'notice': {
        if (text(data.notice) === this.#notice) return;
        this.#notice = text(data.notice);
        tipped({ operationType: 6, newGroupProfile: { notification: this.#notice } });
        return emit(EVENT.LIVEROOM_NOTICE, { groupID: this.groupID, notice: this.#notice });
      }
      case 'profile':
        return this.#profileEvent(data, tipped);
      case 'settings':
        return this.#settingsEvent(data, tipped, emit);
      case 'mute': {
        const until = number(data.until);
        tipped({ operationType: 7, ...by, memberList: [{ ...this.#person(text(data.user), text(data.nick)), muteTime: this.#lasting(until, version) }] });
        flush();
        if (this.#isMe(text(data.user))) this.#setMuted(this.#muteAll, until);
        return;
      }
      case 'kick':
        return tipped({ operationType: 3, ...by, memberList: texts(data.users).map((user) => ({ ...this.#person(user), reason: text(data.reason) })) });
      case 'ban': {
        const until = number(data.until);
        const duration = this.#lasting(until, version);
        return tipped({
          operationType: until === 0 ? 11 : 10, ...by,
          memberList: texts(data.users).map((user) => ({ ...this.#person(user), reason: text(data.reason), duration })),
        });
      }
      case 'role': {
        const role = text(data.role);
        tipped({ operationType: role === TYPES.GRP_MBR_ROLE_ADMIN ? 4 : 5, ...by, memberList: [{ ...this.#person(text(data.user)), role }] });
        flush();
        if (this.#isMe(text(data.user))) this.#setRole(role);
        return;
      }
      case 'recalled':
        return emit(EVENT.MESSAGE_REVOKED, list(data.messages).filter(isObject).map((m) => this.#recalled(m, text(data.by), text(data.reason))));
      case 'modified':
        return emit(EVENT.MESSAGE_MODIFIED, list(data.messages).filter(isObject).map((m) => this.#blocked(m)));
      case 'member':
        return this.#memberEvent(data, emit);
      case 'level': {
        const info: LevelInfo = {
          groupID: this.groupID, userID: text(data.user), nick: text(data.nick), level: number(data.level), from: number(data.from), badge: text(data.badge),
        };
        return emit(EVENT.LIVEROOM_LEVEL, info);
      }
      case 'tips':
        return this.#tipsEvent(data, tipped);
      case 'notification': {
        const said = notice(this.group(), seconds(data.time) || Math.floor(this.#ctx.serverNow() / 1000), NOTICE.CUSTOM, {
          operatorID: text(data.by), userDefinedField: text(data.content),
        });
        emit(EVENT.MESSAGE_RECEIVED, [said]);
        return emit(EVENT.GROUP_SYSTEM_NOTICE_RECEIVED, { type: NOTICE.CUSTOM, message: said });
      }
      case 'degraded':
        flush();
        return this.#setDegraded(data.degraded === true);
      case 'gap':
        flush();
        return this.#gapEvent(text(data.epoch), number(data.seq));
      case 'dismissed':
        flush();
        return this.left({ reason: 'dismissed', by: text(data.by), detail: '', until: 0 });
      default: // something newer than this package
    }
  }

  /** The whole seconds that were meant: the server rounds the end up, and an act's version is when it was done, in ms. */
  #lasting(until: number, version: number): number {
    if (until === FOREVER) return FOREVER;
    const left = version > 1e12 ? Math.floor(until - version / 1000) : Math.round(until - this.#ctx.serverNow() / 1000);
    return Math.max(0, left);
  }

  /** The server lost messages: this is the position to go on from. */
  #gapEvent(epoch: string, seq: number): void {
    if (epoch !== this.epoch) {
      this.epoch = epoch;
      return this.#beginAgain(seq);
    }
    if (seq <= this.seq) return;
    this.#gap({ from: this.seq + 1, to: seq });
    this.seq = seq;
  }

  #setDegraded(degraded: boolean): void {
    if (degraded === this.degraded) return;
    this.degraded = degraded;
    this.#emit(EVENT.LIVEROOM_DEGRADED, { groupID: this.groupID, degraded } satisfies DegradedInfo);
  }

  #attributesEvent(attributes: Record<string, string>, version: number, emit: (name: string, data: unknown) => void): void {
    const before = this.attributes;
    this.attributesVersion = Math.max(version, this.attributesVersion);
    this.attributes = attributes;
    const updatedKeyList = Object.keys(attributes).filter((key) => attributes[key] !== before[key]);
    const deletedKeyList = Object.keys(before).filter((key) => !(key in attributes));
    if (updatedKeyList.length + deletedKeyList.length === 0) return;
    emit(EVENT.GROUP_ATTRIBUTES_UPDATED, { groupID: this.groupID, groupAttributes: { ...attributes }, updatedKeyList, deletedKeyList });
    this.#sawStatus(liveStatus(attributes));
  }

  #countersEvent(counters: Record<string, number>, emit: (name: string, data: unknown) => void): void {
    const before = this.counters;
    this.counters = counters;
    for (const key of Object.keys({ ...before, ...counters })) {
      if (counters[key] !== before[key]) emit(EVENT.GROUP_COUNTER_UPDATED, { groupID: this.groupID, key, value: counters[key] ?? 0 });
    }
    if (TOTALS.some((key) => counters[key] !== before[key])) emit(EVENT.LIVEROOM_TOTALS, this.totals());
  }

  #profileEvent(data: Json, tipped: (payload: TipPayload) => void): void {
    const changed: Json = {};
    if (text(data.name) !== this.#name) Object.assign(changed, { groupName: text(data.name), name: text(data.name) });
    if (text(data.owner) !== this.#owner) changed.ownerID = text(data.owner);
    if (Object.keys(changed).length === 0) return;
    const wasMine = this.#isMe(this.#owner);
    this.#name = text(data.name);
    this.#owner = text(data.owner);
    tipped({ operationType: 6, newGroupProfile: changed });
    if ('ownerID' in changed && (wasMine || this.#isMe(this.#owner))) {
      this.#setRole(wasMine ? TYPES.GRP_MBR_ROLE_MEMBER : TYPES.GRP_MBR_ROLE_OWNER);
    }
  }

  #settingsEvent(data: Json, tipped: (payload: TipPayload) => void, emit: (name: string, data: unknown) => void): void {
    const before = this.settings;
    const after = roomSettings(data);
    if (sameJson(before, after)) return;
    this.settings = after;
    const changed: Json = {};
    if (after.introduction !== before.introduction) changed.introduction = after.introduction;
    if (after.avatar !== before.avatar) changed.avatar = after.avatar;
    if (after.muteAll !== this.#muteAll) changed.muteAllMembers = after.muteAll;
    if (Object.keys(changed).length > 0) tipped({ operationType: 6, newGroupProfile: changed });
    emit(EVENT.LIVEROOM_SETTINGS, { groupID: this.groupID, settings: after });
    if (after.slowMode !== before.slowMode) emit(EVENT.LIVEROOM_LIMITS, this.limits());
    this.#setMuted(after.muteAll, this.#mutedUntil);
  }

  #memberEvent(data: Json, emit: (name: string, data: unknown) => void): void {
    const member = this.#called(text(data.user), text(data.nick), text(data.avatar));
    emit(EVENT.LIVEROOM_MEMBER, { groupID: this.groupID, ...member });
    if (this.#isMe(member.userID)) this.#ctx.meChanged(member.nick, member.avatar);
  }

  /** One tip for each who came or went: pages show a tip's own nick. */
  #tipsEvent(data: Json, tipped: (payload: TipPayload) => void): void {
    const memberCount = number(data.members) || this.count.members;
    for (const [operationType, users] of [[1, data.joined], [2, data.left]] as const) {
      for (const user of list(users).filter(isObject)) {
        const info = this.#called(text(user.user), text(user.nick), text(user.avatar));
        tipped({ operationType, groupJoinType: operationType === 1 ? 1 : 0, operatorInfo: info, memberList: [info], memberCount });
      }
    }
  }
}

const nextAt = ({ limits }: Reply): number => (isObject(limits) ? number(limits.nextAt) : 0);

const sameJson = (a: object, b: object): boolean => {
  const keys = Object.keys({ ...a, ...b });
  return keys.every((key) => (a as Json)[key] === (b as Json)[key]);
};

/** Messages by sequence, where they follow each other; events stay where they are. */
function inOrder(items: readonly Item[]): Item[] {
  const sorted: Item[] = [];
  let run: Item[] = [];
  const end = () => sorted.push(...run.sort((a, b) => (a.message?.seq ?? 0) - (b.message?.seq ?? 0)).splice(0));
  for (const item of items) {
    if (item.message && item.message.seq > 0) run.push(item);
    else {
      end();
      sorted.push(item);
    }
  }
  end();
  return sorted;
}

