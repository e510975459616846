import type { StatusRecord } from '../api/types.ts';
import { scene } from '../status/record.ts';

/** What an anchor may make of a room. Playback, which says of what, is apart. */
export type Drive = 'pause' | 'resume' | 'end' | 'reopen';

/** What is offered in a status, the most likely first: the rest would be refused (status machine, design §4). */
export function offered(record: StatusRecord): Drive[] {
  switch (scene(record)) {
    case 'waiting':
      return ['end'];
    case 'live':
    case 'interrupted':
      return ['pause', 'end'];
    case 'paused':
      return ['resume', 'end'];
    case 'ended':
      return ['reopen'];
    case 'playback':
      return ['reopen', 'end'];
  }
}

/** Whether a recording may be shown now. */
export const mayPlayBack = (record: StatusRecord): boolean => record.name === 'waiting' || record.name === 'ended' || record.name === 'playback';
