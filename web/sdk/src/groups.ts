import { TYPES } from './constants.ts';
import { mustBeAVChatRoom, mustBeGroupID, ok, type Core } from './core.ts';
import { ChatError, CODE } from './error.ts';
import { groupFacts, groupOf } from './group.ts';
import { Room } from './room.ts';
import type { Group, JoinResult, Result } from './types.ts';
import { isObject, number, object, text, type Json, type Reply } from './wire.ts';

const COUNT_LIFETIME_MS = 10_000;
const ALREADY_IN = 10013; // the server's

/** Joining, leaving, making and describing groups. */
export class Groups {
  readonly #core: Core;
  readonly #connect: () => Promise<void>;
  readonly #idle: () => void;
  readonly #joining = new Map<string, Promise<Result<JoinResult>>>();
  readonly #counts = new Map<string, { at: number; memberCount: Promise<number> }>();

  /** connect makes sure there is a line, a guest's if nobody is logged in; idle is called when a guest left the last room. */
  constructor(core: Core, connect: () => Promise<void>, idle: () => void) {
    this.#core = core;
    this.#connect = connect;
    this.#idle = idle;
  }

  async join(options: { groupID: string; type?: string }): Promise<Result<JoinResult>> {
    const groupID = mustBeGroupID(options?.groupID);
    const running = this.#joining.get(groupID);
    if (running) return running;
    const joining = this.#joinAsWhom(groupID, options.type).finally(() => this.#joining.delete(groupID));
    this.#joining.set(groupID, joining);
    return joining;
  }

  async #joinAsWhom(groupID: string, type: string | undefined): Promise<Result<JoinResult>> {
    const core = this.#core;
    let link = core.link;
    let guest = true;
    try {
      await this.#connect();
      link = core.link;
      guest = core.me.userID === '';
      return await this.#join(groupID, type);
    } catch (err) {
      if (!guest || core.link === null || core.link === link) throw err;
      await this.#connect(); // a login took the guest's line away: it joins as that user
      return this.#join(groupID, type);
    }
  }

  async #join(groupID: string, type: string | undefined): Promise<Result<JoinResult>> {
    const core = this.#core;
    const guest = core.me.userID === '';
    if (guest && type !== undefined && type !== TYPES.GRP_AVCHATROOM) throw new ChatError(CODE.GUEST_JOIN, 'without login only an AVChatRoom can be joined');
    const there = core.rooms.get(groupID);
    if (there?.isIn) {
      if (guest) return ok({ status: TYPES.JOIN_STATUS_ALREADY_IN_GROUP });
      // One joined as a guest before login: this is the first time its page joins as this user.
      const status = there.asGuest ? TYPES.JOIN_STATUS_SUCCESS : TYPES.JOIN_STATUS_ALREADY_IN_GROUP;
      there.asGuest = false;
      return ok({ status, group: there.state.group() });
    }
    if (core.oneRoom) for (const other of [...core.rooms.values()]) this.#switchFrom(other);
    const room = new Room(
      { env: core.env, emit: (name, data) => core.emit(name, data), me: () => core.me, meChanged: (nick, avatar) => core.meChanged(nick, avatar), serverNow: () => core.serverNow() },
      groupID, guest,
    );
    core.rooms.set(groupID, room); // from now on what comes of it is kept until the answer is read
    try {
      const answer = await this.#enter(groupID);
      if (room.closed) throw new ChatError(CODE.JOIN_FAILED, 'the group was left while it was being joined');
      room.entered(answer);
    } catch (err) {
      core.drop(room);
      this.#idleSoon();
      throw err;
    }
    return ok(guest ? { status: TYPES.JOIN_STATUS_SUCCESS } : { status: TYPES.JOIN_STATUS_SUCCESS, group: room.state.group() });
  }

  async #enter(groupID: string): Promise<Reply> {
    const core = this.#core;
    try {
      return await core.request('join', { group: groupID });
    } catch (err) {
      if (!(err instanceof ChatError) || err.code !== ALREADY_IN) throw err;
      await core.request('leave', { group: groupID }); // an earlier join was answered too late
      return core.request('join', { group: groupID });
    }
  }

  /** A guest who is in no room needs no line. */
  #idleSoon(): void {
    const core = this.#core;
    core.env.setTimeout(() => core.me.userID === '' && core.rooms.size === 0 && this.#joining.size === 0 && this.#idle(), 0);
  }

  /** One room at a time: nothing of the old one reaches the page from now on. An owner stays a member of it. */
  #switchFrom(room: Room): void {
    const core = this.#core;
    core.drop(room);
    core.request('leave', { group: room.groupID, ...(room.state.role === TYPES.GRP_MBR_ROLE_OWNER ? { detach: true } : {}) }).catch((err) =>
      core.env.log(2, 'the old room could not be left', err),
    );
  }

  async quit(groupID: string): Promise<Result<{ groupID: string }>> {
    const core = this.#core;
    mustBeGroupID(groupID);
    if (core.me.userID === '') {
      const room = core.rooms.get(groupID);
      if (room) {
        core.drop(room);
        core.request('leave', { group: groupID }).catch(() => {});
        this.#idleSoon();
      }
      return ok({ groupID });
    }
    core.mustBeReady();
    const room = core.joined(groupID);
    await core.request('leave', { group: groupID });
    core.drop(room);
    return ok({ groupID });
  }

  async create(options: Json): Promise<Result<{ group: Group; overLimitUserIDList: string[] }>> {
    const core = this.#core;
    core.mustBeReady();
    mustBeAVChatRoom(options?.type);
    const { groupID, name, introduction, notification, avatar, groupCustomField } = options as Json;
    const given: Json = { name, introduction, notice: notification, avatar, fields: fieldsOf(groupCustomField) };
    const fields = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined && v !== ''));
    if (groupID !== undefined) fields.groupId = mustBeGroupID(groupID);
    const answer = await core.request('createGroup', fields, { once: true });
    const group = isObject(answer.group) ? answer.group : { id: text(answer.group) || text(answer.groupId), ...fields, owner: core.me.userID };
    return ok({ group: this.#group(group as Json), overLimitUserIDList: [] });
  }

  async dismiss(groupID: string): Promise<Result<{ groupID: string }>> {
    const core = this.#core;
    core.mustBeReady();
    await core.request('dismiss', { group: mustBeGroupID(groupID) });
    core.rooms.get(groupID)?.left({ reason: 'dismissed', by: core.me.userID, detail: '', until: 0 }); // unless the event was faster
    core.rooms.delete(groupID);
    return ok({ groupID });
  }

  async profile(groupID: unknown): Promise<Result<{ group: Group }>> {
    const core = this.#core;
    core.mustBeReady();
    mustBeGroupID(groupID);
    core.rates.spend('groupProfile');
    const answer = await core.request('group', { group: groupID });
    return ok({ group: this.#group(object(answer.group)) });
  }

  async update(options: Json): Promise<Result<{ group: Group }>> {
    const core = this.#core;
    core.mustBeReady();
    const group = mustBeGroupID(options?.groupID);
    const given: Json = {
      name: options.name, notice: options.notification, introduction: options.introduction, avatar: options.avatar, muteAll: options.muteAllMembers,
      fields: fieldsOf(options.groupCustomField), slowMode: options.slowMode, guestsSpeak: options.guestsSpeak, uploads: options.uploads,
    };
    const fields = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
    const answer = await core.request('setGroup', { group, ...fields });
    return ok({ group: this.#group(object(answer.group)) });
  }

  /** AVChatRooms are in no list, as with Tencent; there are no other groups. */
  async list(): Promise<Result<{ groupList: Group[]; isCompleted: boolean }>> {
    this.#core.mustBeReady();
    return ok({ groupList: [], isCompleted: true });
  }

  /** Of a room one is in, the newest number the server told; of others one that is at most 10 s old. */
  async onlineCount(groupID: string): Promise<Result<{ memberCount: number }>> {
    const core = this.#core;
    core.mustBeReady();
    const room = core.rooms.get(mustBeGroupID(groupID));
    if (room?.isIn) return ok({ memberCount: room.state.count.members });
    const now = core.env.now();
    for (const [id, kept] of this.#counts) if (now - kept.at >= COUNT_LIFETIME_MS || kept.at > now) this.#counts.delete(id);
    let kept = this.#counts.get(groupID);
    if (!kept) {
      const asked = core.request('count', { group: groupID }).then((answer) => number(isObject(answer.count) ? answer.count.members : answer.members));
      asked.catch(() => this.#counts.delete(groupID));
      this.#counts.set(groupID, (kept = { at: now, memberCount: asked }));
    }
    return ok({ memberCount: await kept.memberCount });
  }

  #group(value: Json): Group {
    const core = this.#core;
    const facts = groupFacts(value);
    const room = core.rooms.get(facts.groupID);
    return groupOf(facts, { userID: core.me.userID, role: room?.isIn ? room.state.role : '', joinTime: room?.state.joinedAt ?? 0 });
  }
}

/** Custom fields as pages give them, [{key, value}], as the wire has them. */
function fieldsOf(list: unknown): Record<string, string> | undefined {
  if (!Array.isArray(list) || list.length === 0) return undefined;
  return Object.fromEntries(list.filter(isObject).map((f) => [text(f.key), String(f.value ?? '')]));
}

