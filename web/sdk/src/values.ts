import { mustBeGroupID, ok, type Core } from './core.ts';
import { ChatError, CODE } from './error.ts';
import type { Room } from './room.ts';
import type { Result } from './types.ts';
import { isObject, number, numbers, strings, texts, type Json, type Reply } from './wire.ts';

/** Attributes and counters of rooms. */
export class Values {
  readonly #core: Core;
  readonly #writing = new WeakMap<Room, Promise<unknown>>(); // a room's attribute writes go one after the other: each needs the version before it

  constructor(core: Core) {
    this.#core = core;
  }

  async initAttributes(o: { groupID: string; groupAttributes: Record<string, string> }): Promise<Result<{ groupAttributes: Record<string, string> }>> {
    const attributes = attributesOf(o?.groupAttributes);
    await this.#write(o?.groupID, 'replaceAttributes', { attributes });
    return ok({ groupAttributes: attributes });
  }

  async setAttributes(o: { groupID: string; groupAttributes: Record<string, string> }): Promise<Result<{ groupAttributes: Record<string, string> }>> {
    const attributes = attributesOf(o?.groupAttributes);
    await this.#write(o?.groupID, 'setAttributes', { attributes });
    return ok({ groupAttributes: attributes });
  }

  async deleteAttributes(o: { groupID: string; keyList?: string[] }): Promise<Result<{ keyList: string[] }>> {
    const room = this.#room(o?.groupID);
    const given = texts(o.keyList);
    const keyList = given.length > 0 ? given : Object.keys(room.state.attributes);
    await this.#write(o.groupID, 'deleteAttributes', { keys: given });
    return ok({ keyList });
  }

  async getAttributes(o: { groupID: string; keyList?: string[] }): Promise<Result<{ groupAttributes: Record<string, string> }>> {
    const room = this.#room(o?.groupID);
    this.#core.rates.spend('readAttributes');
    const keys = texts(o.keyList);
    const answer = await this.#core.request('getAttributes', { group: o.groupID, ...(keys.length > 0 ? { keys } : {}) });
    seen(room, answer);
    return ok({ groupAttributes: strings(answer.attributes) });
  }

  async setCounters(o: { groupID: string; counters: Record<string, number> }): Promise<Result<{ counters: Record<string, number> }>> {
    this.#room(o?.groupID);
    this.#core.rates.spend('writeCounters');
    if (!isObject(o.counters)) throw new ChatError(CODE.INVALID, 'counters must be an object of numbers');
    const counters = Object.fromEntries(Object.entries(o.counters).map(([key, value]) => [key, integer(value)]));
    await this.#core.request('setCounters', { group: o.groupID, counters });
    return ok({ counters: numbers(counters) });
  }

  async addCounter(o: { groupID: string; key: string; value: number }, sign: 1 | -1): Promise<Result<{ groupID: string; key: string; value: number }>> {
    this.#room(o?.groupID);
    this.#core.rates.spend('writeCounters');
    const { groupID, key } = o;
    const value = typeof o.value === 'bigint' ? String(BigInt(sign) * o.value) : sign * (integer(o.value) as number);
    const answer = await this.#core.request('addCounter', { group: groupID, key: String(key), value }, { once: true });
    return ok({ groupID, key, value: number(isObject(answer.counters) ? answer.counters[key] : answer.value) });
  }

  async getCounters(o: { groupID: string; keyList?: string[] }): Promise<Result<{ counters: Record<string, number> }>> {
    this.#room(o?.groupID);
    this.#core.rates.spend('readCounters');
    const keys = texts(o.keyList);
    const answer = await this.#core.request('getCounters', { group: o.groupID, ...(keys.length > 0 ? { keys } : {}) });
    return ok({ counters: numbers(answer.counters) });
  }

  #room(groupID: unknown): Room {
    this.#core.mustBeReady();
    return this.#core.joined(mustBeGroupID(groupID), CODE.NOT_IN_GROUP);
  }

  async #write(groupID: unknown, op: string, fields: Json): Promise<void> {
    const room = this.#room(groupID);
    this.#core.rates.spend('writeAttributes');
    const before = this.#writing.get(room) ?? Promise.resolve();
    const write = before.then(async () => {
      seen(room, await this.#core.request(op, { group: groupID, version: room.state.attributesVersion, ...fields }));
    });
    this.#writing.set(room, write.catch(() => {}));
    await write;
  }
}

function seen(room: Room, answer: Reply): void {
  room.state.attributesVersion = Math.max(room.state.attributesVersion, number(answer.version));
}

function attributesOf(value: unknown): Record<string, string> {
  if (!isObject(value) || Object.values(value).some((v) => typeof v !== 'string')) throw new ChatError(CODE.INVALID, 'groupAttributes must be an object of strings');
  return value as Record<string, string>;
}

/** A number the wire takes as it is; a bigint goes as digits. */
function integer(value: unknown): number | string {
  if (typeof value === 'bigint') return String(value);
  if (!Number.isSafeInteger(value)) throw new ChatError(CODE.INVALID, 'a counter is a whole number; beyond 2^53 give a bigint');
  return value as number;
}
