import { liveStatus, newerStatus, type LiveStatus } from 'liveroom-sdk';
import type { StatusRecord } from '../api/types.ts';

/** Reads a record out of whatever came (an attribute, REST, the SDK); null when it is none that can be compared. */
export function parseRecord(value: unknown): StatusRecord | null {
  const status = liveStatus(value as LiveStatus & Record<string, unknown>);
  return status && status.epoch !== '' ? (status as StatusRecord) : null;
}

/** Keeps the newest of two records; a late or repeated one changes nothing. */
export function reduce(current: StatusRecord | null, next: StatusRecord): StatusRecord {
  return newerStatus(current, next) ? next : (current as StatusRecord);
}
