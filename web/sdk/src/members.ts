import { EVENT, TYPES } from './constants.ts';
import { mustBeGroupID, ok, type Core } from './core.ts';
import { ChatError, CODE } from './error.ts';
import { memberOf, profileOf } from './group.ts';
import type { Group, GroupMember, Profile, Result } from './types.ts';
import { FOREVER, isObject, number, object, objects, text, texts, type Json } from './wire.ts';

const PROFILE_FIELDS = [
  'nick', 'avatar', 'gender', 'selfSignature', 'allowType', 'birthday', 'location', 'language', 'messageSettings', 'adminForbidType', 'level', 'role',
];

/** Who is in a room, what may be done to them, and who they are. */
export class Members {
  readonly #core: Core;
  readonly #cursors = new Map<string, unknown>(); // where the server goes on, by group and offset

  constructor(core: Core) {
    this.#core = core;
  }

  async list(o: { groupID: string; count?: number; offset?: number; role?: string }): Promise<Result<{ memberList: GroupMember[]; offset: number }>> {
    const core = this.#core;
    core.mustBeReady();
    const group = mustBeGroupID(o?.groupID);
    if (!core.rooms.get(group)?.isIn) return ok({ memberList: [], offset: 0 });
    const offset = Math.max(0, Math.floor(Number(o.offset) || 0));
    const next = this.#cursors.get(`${group} ${offset}`);
    if (offset === 0) core.rates.spend('memberList');
    else if (next === undefined) return ok({ memberList: [], offset: 0 });
    const answer = await core.request('members', { group, limit: Math.min(Math.max(1, Number(o.count) || 15), 100), ...(offset > 0 ? { next } : {}) });
    const memberList = objects(answer.members).map(memberOf);
    const more = answer.next !== undefined && answer.next !== '' && answer.next !== 0 && answer.next !== null && memberList.length > 0;
    const after = offset + memberList.length;
    if (offset === 0) for (const key of [...this.#cursors.keys()]) if (key.startsWith(`${group} `)) this.#cursors.delete(key);
    if (more) this.#cursors.set(`${group} ${after}`, answer.next);
    return ok({ memberList: o.role ? memberList.filter((m) => m.role === o.role) : memberList, offset: more ? after : 0 });
  }

  async profiles(o: { groupID: string; userIDList: string[] }): Promise<Result<{ memberList: GroupMember[] }>> {
    this.#core.mustBeReady();
    this.#core.joined(o?.groupID);
    const found = await this.#profiles(texts(o.userIDList).slice(0, 50));
    return ok({ memberList: found.map((p) => memberOf({ user: p.userID, nick: p.nick, avatar: p.avatar })) });
  }

  async mute(o: { groupID: string; userID: string; muteTime: number }): Promise<Result<{ group: Group; member: GroupMember }>> {
    const core = this.#core;
    core.mustBeReady();
    const room = core.joined(o?.groupID);
    if (o.userID === core.me.userID) throw new ChatError(CODE.MUTE_SELF, 'you cannot mute yourself');
    const seconds = Math.floor(Number(o.muteTime));
    if (!(seconds >= 0)) throw new ChatError(CODE.INVALID, 'muteTime must be a number of seconds');
    const answer = await core.request('mute', { group: o.groupID, user: o.userID, seconds });
    const until = seconds === 0 ? 0 : number(answer.until) || (seconds >= FOREVER ? FOREVER : Math.floor(core.serverNow() / 1000) + seconds);
    return ok({ group: room.state.group(), member: memberOf({ user: o.userID, mutedUntil: until }) });
  }

  /** As with Tencent for an AVChatRoom: away, and kept away for `duration` seconds. */
  async ban(o: { groupID: string; userIDList: string[]; reason?: string; duration?: number; address?: boolean }): Promise<Result<{ group: Group; userIDList: string[] }>> {
    this.#core.mustBeReady();
    const room = this.#core.joined(o?.groupID);
    const duration = Math.floor(Number(o.duration));
    if (!(duration > 0)) throw new ChatError(CODE.BAN_DURATION, 'duration must be a number of seconds above 0');
    const users = texts(o.userIDList);
    await this.#core.request('ban', { group: o.groupID, users, seconds: duration, reason: text(o.reason), ...(o.address === true ? { address: true } : {}) });
    return ok({ group: room.state.group(), userIDList: users });
  }

  async act(op: 'kick' | 'unban', o: { groupID: string; userIDList: string[]; reason?: string }): Promise<Result<{ userIDList: string[] }>> {
    this.#core.mustBeReady();
    this.#core.joined(o?.groupID);
    const users = texts(o.userIDList);
    await this.#core.request(op, { group: o.groupID, users, ...(op === 'kick' ? { reason: text(o.reason) } : {}) });
    return ok({ userIDList: users });
  }

  async setRole(o: { groupID: string; userID: string; role: string }): Promise<Result<{ group: Group; member: GroupMember }>> {
    const core = this.#core;
    core.mustBeReady();
    const room = core.joined(o?.groupID);
    if (o.role !== TYPES.GRP_MBR_ROLE_ADMIN && o.role !== TYPES.GRP_MBR_ROLE_MEMBER) throw new ChatError(CODE.BAD_ROLE, 'role must be Admin or Member');
    if (o.userID === core.me.userID) throw new ChatError(CODE.OWN_ROLE, 'you cannot change your own role');
    await core.request('setRole', { group: o.groupID, user: o.userID, role: o.role });
    return ok({ group: room.state.group(), member: memberOf({ user: o.userID, role: o.role }) });
  }

  async mutes(groupID: string): Promise<Result<{ memberList: { userID: string; muteUntil: number; by: string; reason: string }[] }>> {
    const answer = await this.#moderation('mutes', groupID, {});
    return ok({
      memberList: objects(answer.mutes ?? answer.list).map((m) => ({
        userID: text(m.user), muteUntil: number(m.until), by: text(m.by), reason: text(m.reason),
      })),
    });
  }

  async bans(o: { groupID: string; next?: string }): Promise<Result<{ memberList: { userID: string; bannedUntil: number; by: string; reason: string }[]; next: string }>> {
    const answer = await this.#moderation('bans', o?.groupID, o?.next ? { next: o.next } : {});
    return ok({
      memberList: objects(answer.bans ?? answer.list).map((m) => ({
        userID: text(m.user), bannedUntil: number(m.until), by: text(m.by), reason: text(m.reason),
      })),
      next: text(answer.next),
    });
  }

  async myProfile(): Promise<Result<Profile>> {
    this.#core.mustBeReady();
    const { userID, nick, avatar } = this.#core.me;
    const [mine] = await this.#profiles([userID]);
    return ok(mine ?? profileOf({ user: userID, nick, avatar }));
  }

  async userProfiles(o: { userIDList: string[] }): Promise<Result<Profile[]>> {
    this.#core.mustBeReady();
    return ok(await this.#profiles(texts(o?.userIDList).slice(0, 100)));
  }

  async updateMyProfile(o: Json): Promise<Result<Profile>> {
    const core = this.#core;
    core.mustBeReady();
    if (!isObject(o) || Object.keys(o).length === 0) throw new ChatError(CODE.PROFILE_EMPTY, 'there is nothing to update');
    const unknown = Object.keys(o).find((key) => !PROFILE_FIELDS.includes(key) && key !== 'profileCustomField');
    if (unknown !== undefined) throw new ChatError(CODE.PROFILE_KEY, `a profile has no ${unknown}`);
    const fields = Object.fromEntries(Object.entries(o).filter(([key, value]) => PROFILE_FIELDS.includes(key) && value !== undefined));
    const answer = await core.request('setProfile', fields);
    const { userID, nick, avatar } = core.me;
    const told = object(answer.profile);
    const profile = profileOf({ user: userID, nick, avatar, ...fields, ...told });
    core.me = { userID, nick: profile.nick, avatar: profile.avatar };
    core.emit(EVENT.PROFILE_UPDATED, [profile]);
    return ok(profile);
  }

  async #moderation(op: string, groupID: string, fields: Json): Promise<Json> {
    this.#core.mustBeReady();
    this.#core.joined(groupID);
    return this.#core.request(op, { group: groupID, ...fields });
  }

  async #profiles(users: string[]): Promise<Profile[]> {
    if (users.length === 0) return [];
    const answer = await this.#core.request('getProfiles', { users });
    return objects(answer.profiles).map(profileOf);
  }
}
