import { EVENT, TYPES } from './constants.ts';
import { groupOf, noSettings, roomSettings, type GroupFacts } from './group.ts';
import { liveStatus, newerStatus } from './status.ts';
import { tip, type TipPayload } from './tips.ts';
import type { CountInfo, DegradedInfo, Environment, Group, LimitsInfo, LiveStatus, Message, MutedInfo, RoomSettings, TotalsInfo, UserInfo } from './types.ts';
import { FOREVER, isObject, number, numbers, object, seconds, strings, text, type Json, type Reply } from './wire.ts';

export interface RoomContext {
  env: Environment;
  emit(name: string, data: unknown): void;
  /** This user; empty for a guest. */
  me(): UserInfo;
  meChanged(nick: string, avatar: string): void;
  serverNow(): number; // ms
}

/** Where an event of the server goes: tips among the messages of its batch, and everything after those before it. */
export interface Batch {
  tipped(payload: TipPayload): void;
  /** Gives the page the messages so far. */
  flush(): void;
}

const LONGEST_TIMER_MS = 24 * 3600_000;
const TOTALS = ['live_likes', 'live_gift_value', 'live_gift_count', 'live_popularity'] as const; // counters of the server's own

// private here and not #, which lowered for old engines takes room in a file that is to stay small; no page gets hold of it.
/** The newest state of one room. It emits what a page should know of it. */
export class State {
  readonly groupID: string;
  role = '';
  joinedAt = 0; // unix seconds
  settings: RoomSettings = noSettings;
  attributes: Record<string, string> = {};
  attributesVersion = 0;
  counters: Record<string, number> = {};
  count: Omit<CountInfo, 'groupID'> = { members: 0, viewers: 0, online: 0 };
  status: LiveStatus | null = null;

  private readonly ctx: RoomContext;
  private readonly emit: (name: string, data: unknown) => void;
  private degraded = false;
  private name = '';
  private owner = '';
  private notice = '';
  private createdAt = 0;
  private fields: Record<string, string> = {};
  private muteAll = false;
  private muteEnds = 0;
  private nextAt = 0;
  private versions = new Map<string, number>();
  private muteTimer: unknown = null;
  private likes = 0; // as an answer said; the counter comes later
  private ahead = 0; // own likes the server did not answer yet
  private closed = false;

  constructor(ctx: RoomContext, groupID: string, emit: (name: string, data: unknown) => void) {
    this.ctx = ctx;
    this.groupID = groupID;
    this.emit = emit;
  }

  /** Nothing is told any more. */
  close(): void {
    this.closed = true;
    this.ctx.env.clearTimeout(this.muteTimer);
  }

  group(): Group {
    return groupOf(this.facts(), { userID: this.ctx.me().userID, role: this.role, joinTime: this.joinedAt });
  }

  private facts(): GroupFacts {
    const { introduction, avatar, slowMode } = this.settings;
    return {
      groupID: this.groupID, name: this.name, owner: this.owner, notice: this.notice, introduction, avatar, slowMode, fields: this.fields,
      muteAll: this.muteAll, createdAt: this.createdAt, members: this.count.members,
    };
  }

  limits(): LimitsInfo {
    return { groupID: this.groupID, slowMode: this.settings.slowMode, nextAt: this.nextAt > this.ctx.serverNow() ? this.nextAt : 0 };
  }

  muted(): MutedInfo {
    const until = this.muteEnds * 1000 > this.ctx.serverNow() ? this.muteEnds : 0;
    const bound = this.role !== TYPES.GRP_MBR_ROLE_OWNER && this.role !== TYPES.GRP_MBR_ROLE_ADMIN;
    return { groupID: this.groupID, muted: until > 0 || (this.muteAll && bound), all: this.muteAll, until };
  }

  totals(): TotalsInfo {
    const [likes = 0, giftValue = 0, giftCount = 0, popularity = 0] = TOTALS.map((key) => this.counters[key]);
    return { groupID: this.groupID, likes: Math.max(likes, this.likes) + this.ahead, giftValue, giftCount, popularity };
  }

  /** This user likes it so many times more; or the server answered about so many (below 0), what of them it took, and how many it counts now (0: it did not say). */
  liked(count: number, accepted = 0, likes = 0): void {
    this.ahead += count;
    this.likes = Math.max(this.likes, likes || Math.max(this.likes, this.counters[TOTALS[0]] ?? 0) + accepted);
    this.emit(EVENT.LIVEROOM_TOTALS, this.totals());
  }

  /** Another group has the name now. */
  beginAgain(): void {
    this.attributesVersion = 0;
    this.versions.clear();
    this.likes = 0;
  }

  /** A tip about the group as it is now. */
  tip(payload: TipPayload): Message {
    return tip(this.groupID, this.group(), Math.floor(this.ctx.serverNow() / 1000), payload);
  }

  // -- whole

  /** Reads the state that an answer to join holds. */
  take(answer: Reply): void {
    this.role = text(answer.role);
    this.versions = new Map(Object.entries(numbers(answer.versions)));
    this.attributes = strings(answer.attributes);
    this.attributesVersion = this.versions.get('attributes') ?? 0;
    this.counters = numbers(answer.counters);
    this.fields = strings(answer.fields);
    this.notice = text(answer.notice);
    this.takeProfile(answer.profile);
    this.takeCount(answer.count);
    this.settings = roomSettings(answer.settings);
    const mute = object(answer.mute);
    this.muteAll = mute.all === true || this.settings.muteAll;
    this.muteEnds = number(mute.until);
    this.nextAt = nextAt(answer);
  }

  private takeProfile(profile: unknown): void {
    if (!isObject(profile)) return;
    this.name = text(profile.name);
    this.owner = text(profile.owner);
    this.createdAt = seconds(profile.createdAt);
  }

  private takeCount(count: unknown): void {
    if (isObject(count)) this.count = { members: number(count.members), viewers: number(count.viewers), online: number(count.online) };
  }

  /** Tells all that a page may want to show from the beginning. */
  announce(): void {
    const { groupID } = this;
    this.emit(EVENT.LIVEROOM_SETTINGS, { groupID, settings: this.settings });
    this.emit(EVENT.LIVEROOM_NOTICE, { groupID, notice: this.notice });
    this.emit(EVENT.LIVEROOM_COUNT, { groupID, ...this.count });
    this.emit(EVENT.LIVEROOM_TOTALS, this.totals());
    this.emit(EVENT.LIVEROOM_LIMITS, this.limits());
    this.emit(EVENT.LIVEROOM_MUTED, this.muted());
    this.armMute();
    this.sawStatus(liveStatus(this.attributes));
  }

  /** After a time away: what is different is told as if it had just happened. */
  update(answer: Reply): void {
    const versions = numbers(answer.versions);
    const state: [string, Json][] = [
      ['attributes', { attributes: answer.attributes }], ['fields', { fields: answer.fields }], ['notice', { notice: answer.notice }],
      ['profile', object(answer.profile)], ['counters', { counters: answer.counters }],
    ];
    if (isObject(answer.settings)) state.push(['settings', answer.settings]);
    if (isObject(answer.count)) state.push(['count', answer.count]);
    // What is not the room's state counts by its server's clock, and this may be another server.
    for (const kind of this.versions.keys()) if (!(kind in versions)) this.versions.delete(kind);
    const out: Message[] = [];
    const batch: Batch = { tipped: (payload) => out.push(this.tip(payload)), flush: () => out.length > 0 && this.emit(EVENT.MESSAGE_RECEIVED, out.splice(0)) };
    for (const [event, data] of state) if (this.isNewer(event, versions[event] ?? 0)) this.event(event, data, versions[event] ?? 0, batch);
    batch.flush();
    this.setRole(text(answer.role));
    const mute = object(answer.mute);
    this.setMuted(mute.all === true || this.settings.muteAll, number(mute.until));
    this.mayNext(nextAt(answer));
    this.setDegraded(answer.degraded === true);
  }

  // -- one by one

  /** Whether an event is not older than one of its kind that was taken in; it counts as taken in then. */
  isNewer(event: string, version: number): boolean {
    const known = this.versions.get(event);
    if (known !== undefined && version > 0 && version < known) return false;
    if (version > 0) this.versions.set(event, version);
    return true;
  }

  /** Takes in an event of the room's state; what is of another kind is newer than this package. */
  event(event: string, data: Json, version: number, { tipped, flush }: Batch): void {
    const emit = (name: string, value: unknown) => (flush(), this.emit(name, value));
    const { groupID } = this;
    switch (event) {
      case 'attributes':
        return this.takeAttributes(strings(data.attributes), version, emit);
      case 'counters':
        return this.takeCounters(numbers(data.counters), emit);
      case 'count':
        if (sameJson(this.count, data)) return;
        this.takeCount(data);
        return emit(EVENT.LIVEROOM_COUNT, { groupID, ...this.count });
      case 'fields': {
        const fields = strings(data.fields);
        if (sameJson(fields, this.fields)) return;
        const changed = Object.keys({ ...fields, ...this.fields }).filter((key) => fields[key] !== this.fields[key]);
        this.fields = fields;
        return tipped({ operationType: 6, newGroupProfile: { groupCustomField: changed.map((key) => ({ key, value: fields[key] ?? '' })) } });
      }
      case 'notice':
        if (text(data.notice) === this.notice) return;
        this.notice = text(data.notice);
        tipped({ operationType: 6, newGroupProfile: { notification: this.notice } });
        return emit(EVENT.LIVEROOM_NOTICE, { groupID, notice: this.notice });
      case 'profile':
        return this.changeProfile(data, tipped);
      case 'settings':
        return this.changeSettings(data, tipped, emit);
      case 'degraded':
        flush();
        return this.setDegraded(data.degraded === true);
    }
  }

  sawStatus(status: LiveStatus | null): void {
    if (!status || status.epoch === '' || !newerStatus(this.status, status)) return;
    this.status = status;
    this.emit(EVENT.LIVEROOM_STATUS, { groupID: this.groupID, status });
  }

  setRole(role: string): void {
    if (role === this.role) return;
    this.role = role;
    this.emit(EVENT.LIVEROOM_ROLE, { groupID: this.groupID, role });
    if (this.muteAll) this.emit(EVENT.LIVEROOM_MUTED, this.muted());
  }

  setDegraded(degraded: boolean): void {
    if (degraded === this.degraded) return;
    this.degraded = degraded;
    this.emit(EVENT.LIVEROOM_DEGRADED, { groupID: this.groupID, degraded } satisfies DegradedInfo);
  }

  /** When this user may speak next, unix ms. */
  mayNext(at: number): void {
    if (!at || at === this.nextAt) return;
    this.nextAt = at;
    this.emit(EVENT.LIVEROOM_LIMITS, this.limits());
  }

  /** This user is muted until then, unix s; 0: no more. */
  mutedUntil(until: number): void {
    this.setMuted(this.muteAll, until);
  }

  /** A refusal told about a mute that this side may not know of. */
  refusedUntil(until: number): void {
    if (until > this.muteEnds) this.mutedUntil(until);
  }

  private setMuted(all: boolean, until: number): void {
    if (all === this.muteAll && until === this.muteEnds) return;
    this.muteAll = all;
    this.muteEnds = until;
    this.emit(EVENT.LIVEROOM_MUTED, this.muted());
    this.armMute();
  }

  /** A mute ends by itself; the page is told then. */
  private armMute(): void {
    const { env } = this.ctx;
    env.clearTimeout(this.muteTimer);
    const left = this.muteEnds * 1000 - this.ctx.serverNow();
    if (left <= 0 || this.muteEnds === FOREVER || this.closed) return;
    this.muteTimer = env.setTimeout(() => {
      if (this.muteEnds * 1000 > this.ctx.serverNow()) return this.armMute();
      this.setMuted(this.muteAll, 0);
    }, Math.min(left + 50, LONGEST_TIMER_MS));
  }

  private takeAttributes(attributes: Record<string, string>, version: number, emit: (name: string, data: unknown) => void): void {
    const before = this.attributes;
    this.attributesVersion = Math.max(version, this.attributesVersion);
    this.attributes = attributes;
    const updatedKeyList = Object.keys(attributes).filter((key) => attributes[key] !== before[key]);
    const deletedKeyList = Object.keys(before).filter((key) => !(key in attributes));
    if (updatedKeyList.length + deletedKeyList.length === 0) return;
    emit(EVENT.GROUP_ATTRIBUTES_UPDATED, { groupID: this.groupID, groupAttributes: { ...attributes }, updatedKeyList, deletedKeyList });
    this.sawStatus(liveStatus(attributes));
  }

  private takeCounters(counters: Record<string, number>, emit: (name: string, data: unknown) => void): void {
    const before = this.counters;
    this.counters = counters;
    for (const key of Object.keys({ ...before, ...counters })) {
      if (counters[key] !== before[key]) emit(EVENT.GROUP_COUNTER_UPDATED, { groupID: this.groupID, key, value: counters[key] ?? 0 });
    }
    if (TOTALS.some((key) => counters[key] !== before[key])) emit(EVENT.LIVEROOM_TOTALS, this.totals());
  }

  private changeProfile(data: Json, tipped: Batch['tipped']): void {
    const changed: Json = {};
    if (text(data.name) !== this.name) Object.assign(changed, { groupName: text(data.name), name: text(data.name) });
    if (text(data.owner) !== this.owner) changed.ownerID = text(data.owner);
    if (Object.keys(changed).length === 0) return;
    const me = this.ctx.me().userID;
    const wasMine = me !== '' && this.owner === me;
    this.name = text(data.name);
    this.owner = text(data.owner);
    tipped({ operationType: 6, newGroupProfile: changed });
    const isMine = me !== '' && this.owner === me;
    if (wasMine !== isMine) this.setRole(wasMine ? TYPES.GRP_MBR_ROLE_MEMBER : TYPES.GRP_MBR_ROLE_OWNER);
  }

  private changeSettings(data: Json, tipped: Batch['tipped'], emit: (name: string, data: unknown) => void): void {
    const before = this.settings;
    const after = roomSettings(data);
    if (sameJson(before, after)) return;
    this.settings = after;
    // Who waits because of slow mode waits as long as it says now. (The wait counts from what was sent last.)
    if (before.slowMode > 0 && this.nextAt > 0) this.nextAt += (after.slowMode - before.slowMode) * 1000;
    const changed: Json = {};
    if (after.introduction !== before.introduction) changed.introduction = after.introduction;
    if (after.avatar !== before.avatar) changed.avatar = after.avatar;
    if (after.muteAll !== this.muteAll) changed.muteAllMembers = after.muteAll;
    if (Object.keys(changed).length > 0) tipped({ operationType: 6, newGroupProfile: changed });
    emit(EVENT.LIVEROOM_SETTINGS, { groupID: this.groupID, settings: after });
    if (after.slowMode !== before.slowMode) emit(EVENT.LIVEROOM_LIMITS, this.limits());
    this.setMuted(after.muteAll, this.muteEnds);
  }
}

const nextAt = ({ limits }: Reply): number => (isObject(limits) ? number(limits.nextAt) : 0);

const sameJson = (a: object, b: object): boolean => {
  const keys = Object.keys({ ...a, ...b });
  return keys.every((key) => (a as Json)[key] === (b as Json)[key]);
};
