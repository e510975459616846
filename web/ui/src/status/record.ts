import type { StatusName, StatusRecord } from '../api/types.ts';

const NAMES: Record<number, StatusName> = { 1: 'waiting', 2: 'live', 3: 'paused', 4: 'ended', 5: 'playback' };

/** Whether `next` replaces `current`: the larger epoch wins, then the larger version (design §3). Epochs are ULIDs, which sort as text. */
export function newer(current: StatusRecord | null, next: StatusRecord): boolean {
  if (!current) return true;
  if (next.epoch !== current.epoch) return next.epoch > current.epoch;
  return next.version > current.version;
}

/** Keeps the newest of two records; a late or repeated one changes nothing. */
export function reduce(current: StatusRecord | null, next: StatusRecord): StatusRecord {
  return newer(current, next) ? next : (current as StatusRecord);
}

/** Reads a record out of whatever came; null when it is not one. */
export function parseRecord(value: unknown): StatusRecord | null {
  if (typeof value === 'string') {
    try {
      value = JSON.parse(value);
    } catch {
      return null;
    }
  }
  if (typeof value !== 'object' || value === null) return null;
  const v = value as Record<string, unknown>;
  if (typeof v.epoch !== 'string' || v.epoch === '' || !Number.isSafeInteger(v.version)) return null;
  const name = NAMES[v.code as number];
  if (!name) return null;
  return {
    room: text(v.room),
    epoch: v.epoch,
    version: v.version as number,
    code: v.code as number,
    name,
    reason: text(v.reason),
    detail: text(v.detail),
    session: text(v.session),
    since: text(v.since),
    streamActive: v.streamActive === true,
    graceUntil: textOrNull(v.graceUntil),
    playbackUrl: textOrNull(v.playbackUrl),
  };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const textOrNull = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** What a viewer is shown, which is finer than the status: a pause is either meant or an interruption. */
export type Scene = 'waiting' | 'live' | 'interrupted' | 'paused' | 'ended' | 'playback';

export function scene(record: StatusRecord): Scene {
  if (record.name !== 'paused') return record.name;
  return record.reason === 'by_anchor' || record.reason === 'by_admin' ? 'paused' : 'interrupted';
}

/** Sequence of the machine's names for sorting a lobby: what can be watched now comes first. */
export function rank(record: StatusRecord): number {
  const order: Record<StatusName, number> = { live: 0, paused: 1, waiting: 2, playback: 3, ended: 4 };
  return order[record.name];
}
