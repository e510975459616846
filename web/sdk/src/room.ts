import { EVENT, TYPES } from './constants.ts';
import { groupMessage } from './message.ts';
import { drawTold, giftResult, sessionSummary } from './news.ts';
import { Recent } from './recent.ts';
import { Said } from './said.ts';
import { State, type RoomContext, type Batch } from './state.ts';
import { liveStatus } from './status.ts';
import { NOTICE, notice, type TipPayload } from './tips.ts';
import { customData } from './told.ts';
import type { Draw, LeftInfo, LevelInfo, LikesInfo, Message } from './types.ts';
import { ADMINISTRATOR, FOREVER, number, objects, parseMessages, seconds, text, texts, type Element, type Item, type Json, type Reply, type WireEvent, type WireMessage } from './wire.ts';

const KEPT_DRAWS = 20;

/** One room this instance is in: what comes of it, in order and once. It emits what a page should know. */
export class Room {
  readonly groupID: string;
  readonly state: State;
  /** Its page knows it only as a guest's (no `group` was handed out). */
  asGuest: boolean;
  epoch = '';
  seq = 0;

  readonly #ctx: RoomContext;
  readonly #said: Said;
  #held: Item[] | null = []; // what came before the page could know of its joining, or before the answer that resumes
  #draws = new Recent<string, Draw['state']>(KEPT_DRAWS);
  #closed = false;

  constructor(ctx: RoomContext, groupID: string, asGuest: boolean) {
    this.#ctx = ctx;
    this.groupID = groupID;
    this.asGuest = asGuest;
    this.state = new State(ctx, groupID, (name, data) => this.#emit(name, data));
    this.#said = new Said(groupID, ctx.me);
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
    this.state.close();
  }

  /** A draw as the server answered: its message is no news any more. */
  sawDraw(draw: Draw): void {
    this.#draws.keep(draw.id, draw.state);
  }

  /** The answer to the first join. What it holds is told to the page once joinGroup has resolved. */
  entered(answer: Reply): void {
    const { state } = this;
    state.joinedAt = this.#now();
    this.epoch = text(answer.epoch);
    state.take(answer);
    this.seq = number(answer.seq);
    const history = parseMessages(answer.messages);
    this.#ctx.env.setTimeout(() => {
      if (this.#closed) return;
      state.announce();
      state.setDegraded(answer.degraded === true);
      const messages = history.map((m) => this.#said.remember(m, true));
      if (messages.length > 0) this.#emit(EVENT.MESSAGE_RECEIVED, messages);
      for (const message of messages) state.sawStatus(liveStatus(message));
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
    this.epoch = text(answer.epoch);
    this.state.update(answer);
    const held = this.#held ?? [];
    this.#held = null;
    this.take(items); // tells of every hole
    if (newest > this.seq) {
      this.#gap({ from: this.seq + 1, to: newest });
      this.seq = newest;
    }
    this.#withdrawn(objects(answer.withdrawn));
    this.take(held);
  }

  /** Another group has the name now: nothing of the old one's sequence holds, and what was said in between is unknown. */
  #beginAgain(seq: number): void {
    this.seq = seq;
    this.state.beginAgain();
    this.#said.clear();
    this.#gap({});
  }

  /** Items of a batch, in order. */
  take(items: readonly Item[]): void {
    if (this.#held) return void this.#held.push(...items);
    const out: Message[] = [];
    const batch: Batch = {
      tipped: (payload) => out.push(this.state.tip(payload)),
      flush: () => {
        const messages = out.splice(0);
        if (messages.length > 0) this.#emit(EVENT.MESSAGE_RECEIVED, messages);
        for (const message of messages) this.#news(message);
      },
    };
    for (const item of inOrder(items)) {
      if (this.#closed) return;
      if (item.message) {
        const message = this.#received(item.message, batch.flush);
        if (message) out.push(message);
      } else {
        this.#event(item.event, batch);
      }
    }
    batch.flush();
    for (const { message } of items) {
      if (message?.from === ADMINISTRATOR) this.state.sawStatus(liveStatus(groupMessage(message, this.groupID, '')));
    }
  }

  /** A message of this instance is about to be sent. */
  sending(message: Message, body: Element[]): void {
    this.#said.sending(message, body);
  }

  /** The server may have changed what was sent. */
  changed(message: Message, body: readonly Element[], data: unknown): void {
    if (this.#said.changed(message, body, data)) this.#emit(EVENT.MESSAGE_MODIFIED, [message]);
  }

  /** See Said. */
  ownSequence(message: Message): number | undefined {
    return this.#said.ownSequence(message);
  }

  /** The user was taken out: the page is told why, and nothing of the room any more. */
  left(info: Omit<LeftInfo, 'groupID'>): void {
    if (this.#closed) return;
    const operation: Record<string, number> = { kicked: NOTICE.KICKED, banned: NOTICE.BANNED, dismissed: NOTICE.DISMISSED };
    const profile = this.state.group();
    this.close();
    const said = notice(profile, this.#now(), operation[info.reason] ?? NOTICE.LEFT, {
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

  /** The server's clock, unix seconds. */
  #now(): number {
    return Math.floor(this.#ctx.serverNow() / 1000);
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
    const own = this.#said.own(wire);
    if (own) {
      flush();
      this.changed(own, wire.body, wire.cloudCustomData);
      return null;
    }
    return wire.seq === 0 && this.#said.has(wire) ? null : this.#said.remember(wire, false);
  }

  #withdrawn(all: Json[]): void {
    const recalled = all.filter((w) => w.kind !== 'blocked').map((w) => this.#said.recalled(w, text(w.by), text(w.reason)));
    const blocked = all.filter((w) => w.kind === 'blocked').map((w) => this.#said.blocked(w));
    if (recalled.length > 0) this.#emit(EVENT.MESSAGE_REVOKED, recalled);
    if (blocked.length > 0) this.#emit(EVENT.MESSAGE_MODIFIED, blocked);
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
    if (data?.type !== 'like' || this.#said.isMe(message.from)) return;
    const { from: userID, nick, avatar } = message;
    this.#emit(EVENT.LIVEROOM_LIKES, { groupID, from: { userID, nick, avatar }, count: Math.max(1, number(data.count)) } satisfies LikesInfo);
  }

  #drawNews(draw: Draw): void {
    const known = this.#draws.get(draw.id);
    if (known === draw.state || (known !== undefined && draw.state === 'open')) return;
    this.sawDraw(draw);
    this.#emit(draw.state === 'open' ? EVENT.LIVEROOM_DRAW_STARTED : EVENT.LIVEROOM_DRAW_ENDED, { groupID: this.groupID, draw });
  }

  // -- events

  /** Takes in one event of the server: state is kept, what Tencent tells by tips becomes one. */
  #event({ event, version, data }: WireEvent, batch: Batch): void {
    const { state } = this;
    const said = this.#said;
    if (!state.isNewer(event, version)) return;
    const { tipped, flush } = batch;
    const emit = (name: string, value: unknown) => (flush(), this.#emit(name, value));
    const by = { operatorInfo: said.person(text(data.by)) };
    switch (event) {
      case 'mute': {
        const until = number(data.until);
        tipped({ operationType: 7, ...by, memberList: [{ ...said.person(text(data.user), text(data.nick)), muteTime: this.#lasting(until, version) }] });
        flush();
        if (said.isMe(text(data.user))) state.mutedUntil(until);
        return;
      }
      case 'kick':
        return tipped({ operationType: 3, ...by, memberList: texts(data.users).map((user) => ({ ...said.person(user), reason: text(data.reason) })) });
      case 'ban': {
        const until = number(data.until);
        const duration = this.#lasting(until, version);
        return tipped({
          operationType: until === 0 ? 11 : 10, ...by,
          memberList: texts(data.users).map((user) => ({ ...said.person(user), reason: text(data.reason), duration })),
        });
      }
      case 'role': {
        const role = text(data.role);
        tipped({ operationType: role === TYPES.GRP_MBR_ROLE_ADMIN ? 4 : 5, ...by, memberList: [{ ...said.person(text(data.user)), role }] });
        flush();
        if (said.isMe(text(data.user))) state.setRole(role);
        return;
      }
      case 'recalled':
        return emit(EVENT.MESSAGE_REVOKED, objects(data.messages).map((m) => said.recalled(m, text(data.by), text(data.reason))));
      case 'modified':
        return emit(EVENT.MESSAGE_MODIFIED, objects(data.messages).map((m) => said.blocked(m)));
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
        const message = notice(state.group(), seconds(data.time) || this.#now(), NOTICE.CUSTOM, { operatorID: text(data.by), userDefinedField: text(data.content) });
        emit(EVENT.MESSAGE_RECEIVED, [message]);
        return emit(EVENT.GROUP_SYSTEM_NOTICE_RECEIVED, { type: NOTICE.CUSTOM, message });
      }
      case 'gap':
        flush();
        return this.#gapEvent(text(data.epoch), number(data.seq));
      case 'dismissed':
        flush();
        return this.left({ reason: 'dismissed', by: text(data.by), detail: '', until: 0 });
      default:
        return state.event(event, data, version, batch);
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

  #memberEvent(data: Json, emit: (name: string, data: unknown) => void): void {
    const member = this.#said.called(text(data.user), text(data.nick), text(data.avatar));
    emit(EVENT.LIVEROOM_MEMBER, { groupID: this.groupID, ...member });
    if (this.#said.isMe(member.userID)) this.#ctx.meChanged(member.nick, member.avatar);
  }

  /** One tip for each who came or went: pages show a tip's own nick. */
  #tipsEvent(data: Json, tipped: (payload: TipPayload) => void): void {
    const memberCount = number(data.members) || this.state.count.members;
    for (const [operationType, users] of [[1, data.joined], [2, data.left]] as const) {
      for (const user of objects(users)) {
        const info = this.#said.called(text(user.user), text(user.nick), text(user.avatar));
        tipped({ operationType, groupJoinType: operationType === 1 ? 1 : 0, operatorInfo: info, memberList: [info], memberCount });
      }
    }
  }
}

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
