import { EVENT, TYPES } from './constants.ts';
import type { Emitter } from './emitter.ts';
import { ChatError, CODE } from './error.ts';
import { profileOf } from './group.ts';
import type { Link, RequestOptions } from './link.ts';
import { nobody } from './message.ts';
import type { Rates } from './rates.ts';
import type { Room } from './room.ts';
import type { Environment, Result, UserInfo } from './types.ts';
import type { Json, Reply } from './wire.ts';

/** What the parts of one instance share. `Chat` owns it; all fields change only there but for rooms. */
export class Core {
  readonly env: Environment;
  readonly emitter: Emitter;
  readonly rates: Rates;
  readonly rooms = new Map<string, Room>();
  readonly oneRoom: boolean;
  me: UserInfo = nobody(); // that is a guest
  ready = false;
  link: Link | null = null;
  clockAhead = 0; // the server's clock minus ours, ms

  constructor(env: Environment, emitter: Emitter, rates: Rates, oneRoom: boolean) {
    this.env = env;
    this.emitter = emitter;
    this.rates = rates;
    this.oneRoom = oneRoom;
  }

  emit(name: string, data?: unknown): void {
    this.emitter.emit(name, data);
  }

  serverNow(): number {
    return this.env.now() + this.clockAhead;
  }

  /** Throws 2999 unless a user is logged in. */
  mustBeReady(): void {
    if (!this.ready) throw new ChatError(CODE.NOT_READY, 'the SDK is not ready: log in and wait for SDK_READY');
  }

  request(op: string, fields: Json = {}, options: RequestOptions = {}): Promise<Reply> {
    if (!this.link) return Promise.reject(new ChatError(CODE.NOT_READY, 'the SDK is not ready'));
    return this.link.request(op, fields, options);
  }

  /** A room this user is in, or the error `code`. */
  joined(groupID: unknown, code: number = CODE.NOT_IN_GROUP): Room {
    const room = this.rooms.get(mustBeGroupID(groupID));
    if (!room?.isIn) throw new ChatError(code, 'join the group first');
    return room;
  }

  drop(room: Room): void {
    room.close();
    if (this.rooms.get(room.groupID) === room) this.rooms.delete(room.groupID);
  }

  /** This user's nick or avatar is another one from now on. */
  meChanged(nick: string, avatar: string): void {
    if (nick === this.me.nick && avatar === this.me.avatar) return;
    this.me = { ...this.me, nick, avatar };
    this.emit(EVENT.PROFILE_UPDATED, [profileOf({ user: this.me.userID, nick, avatar })]);
  }
}

export const ok = <T>(data: T): Result<T> => ({ code: 0, data });

export function mustBeGroupID(groupID: unknown): string {
  if (typeof groupID !== 'string' || groupID === '' || groupID.length > 48) throw new ChatError(CODE.BAD_GROUP_ID, 'groupID must be a string of 1 to 48 characters');
  return groupID;
}

export function mustBeAVChatRoom(type: unknown): void {
  if (type !== undefined && type !== TYPES.GRP_AVCHATROOM) throw new ChatError(CODE.GROUP_TYPE, `only groups of type ${TYPES.GRP_AVCHATROOM} exist here`);
}
