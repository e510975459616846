import { serverData } from './told.ts';
import { isObject, number, parseJson, text } from './wire.ts';
import type { Group, LiveStatus, Message } from './types.ts';

const NAMES: Record<number, string> = { 1: 'waiting', 2: 'live', 3: 'paused', 4: 'ended', 5: 'playback' };

/** Whether `next` replaces `current`: the larger epoch wins, then the larger version. Epochs sort as text. */
export function newerStatus(current: LiveStatus | null | undefined, next: LiveStatus): boolean {
  if (!current) return true;
  return next.epoch !== current.epoch ? next.epoch > current.epoch : next.version > current.version;
}

/**
 * The live status in a message, a group's profile, a set of attributes or a record itself; null where there is none. Of messages only
 * those of the server count: anybody can send a custom message that looks like one. A group's custom field has no epoch ('').
 */
export function liveStatus(source: Message | Group | Record<string, unknown> | string | null | undefined): LiveStatus | null {
  if (!isObject(source)) return record(source);
  if ('payload' in source) {
    const data = serverData(source as unknown as Message);
    return data?.type === 'live_status' ? record(data) : null;
  }
  if (Array.isArray(source.groupCustomField)) {
    return record(source.groupCustomField.find((f) => isObject(f) && f.key === 'live_status')?.value);
  }
  return record('live_status' in source ? source.live_status : source);
}

function record(value: unknown): LiveStatus | null {
  const v = typeof value === 'string' ? parseJson(value) : value;
  if (!isObject(v) || !Number.isSafeInteger(v.version)) return null;
  const name = NAMES[number(v.code)];
  if (!name) return null;
  return {
    room: text(v.room), epoch: text(v.epoch), version: v.version as number, code: number(v.code), name, reason: text(v.reason),
    detail: text(v.detail), session: text(v.session), since: text(v.since), streamActive: v.streamActive === true,
    graceUntil: text(v.graceUntil) || null, playbackUrl: text(v.playbackUrl) || null,
    delay: number(v.delay) || Number.parseInt(text(v.delay), 10) || 0, // "30s" on the wire
  };
}
