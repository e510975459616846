import { ChatError, TYPES } from 'liveroom-sdk';
import type { Key } from '../i18n/parts.ts';

/** The end, in unix seconds, of what has none. */
export const FOREVER = 4294967295;

/** Why this page is not in the room's chat, and stays out until somebody acts. */
export type Why =
  | 'kicked' | 'banned' | 'joined_elsewhere' | 'left_elsewhere' | 'dismissed' | 'replaced' | 'too_many_devices' | 'sent_away' | 'too_old' | 'closed';

export interface Out {
  why: Why;
  /** Unix seconds: when a ban ends; 0 if there is none, FOREVER if it does not. */
  until: number;
  /** What who did it wrote about it; '' if nothing. */
  detail: string;
}

/** What the person may do about it. A ban ends by itself, then it is like having been kicked. */
export const REMEDY: Record<Why, 'back' | 'wait' | 'reload' | 'none'> = {
  kicked: 'back',
  banned: 'wait',
  joined_elsewhere: 'back',
  left_elsewhere: 'back',
  dismissed: 'none',
  replaced: 'back',
  too_many_devices: 'back',
  sent_away: 'back',
  too_old: 'reload',
  closed: 'back',
};

export const outKey = (why: Why): Key => `out_${why}`;

const known = (word: string): Why | null => (word in REMEDY ? (word as Why) : null);

/** LIVEROOM_LEFT's reason. */
export const leftWhy = (reason: string): Why => known(reason) ?? 'closed';

/** KICKED_OUT's type: the login itself was ended. */
export function kickedOutWhy(type: string): Why {
  if (type === TYPES.KICKED_OUT_MULT_ACCOUNT) return 'replaced';
  if (type === TYPES.KICKED_OUT_MULT_DEVICE) return 'too_many_devices';
  return type === TYPES.KICKED_OUT_REST_API ? 'sent_away' : 'closed';
}

/** A refusal of login or join that trying again does not change; null: it may. */
export function refusalWhy(err: unknown): Out | null {
  if (!(err instanceof ChatError) || err.data.temporary) return null;
  const out = (why: Why, until = 0): Out => ({ why, until, detail: '' });
  const { reason = '', until = 0 } = err.data;
  if (reason === 'banned') return out('banned', until);
  if (reason === 'too_many_instances') return out('too_many_devices');
  if (err.code === 110001) return out('too_old');
  if (err.code === 10010 || err.code === 10015) return out('dismissed');
  return known(reason) ? out(reason as Why, until) : null;
}
