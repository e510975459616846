import { ApiError } from '../api/client.ts';
import type { Key } from '../i18n/index.ts';
import { ChatError } from './socket.ts';

const BY_CODE: Record<number, Key> = {
  10004: 'err_bad',
  10007: 'err_refused',
  10010: 'err_room_gone',
  10015: 'err_room_gone',
  10017: 'err_muted',
  20012: 'err_muted',
  10023: 'err_fast',
  80001: 'err_blocked',
  80002: 'err_long',
  80004: 'err_blocked',
};

const BY_WORD: Record<string, Key> = {
  muted: 'err_muted',
  too_fast: 'err_fast',
  rate_limited: 'err_fast',
  slow_mode: 'err_fast',
  blocked: 'err_blocked',
  too_large: 'err_long',
  banned: 'err_banned',
  kicked: 'err_kicked',
  replaced: 'err_replaced',
  dismissed: 'err_room_gone',
  group_dismissed: 'err_room_gone',
  offline: 'err_offline',
  no_answer: 'err_offline',
  unreachable: 'err_offline',
  store_unavailable: 'err_busy',
  too_many_failures: 'err_busy',
};

/** The words for a refusal. Never empty: what is not known is still an error to the person who typed. */
export function errorKey(err: unknown): Key {
  if (err instanceof ApiError) return apiErrorKey(err);
  if (!(err instanceof ChatError)) return 'err_unknown';
  const known = BY_WORD[err.word] ?? BY_CODE[err.code];
  if (known) return known;
  if (isSignatureError(err)) return 'err_signature';
  return err.temporary ? 'err_busy' : 'err_unknown';
}

function apiErrorKey(err: ApiError): Key {
  if (err.status === 0) return 'err_offline';
  if (err.status === 429) return 'err_fast';
  if (err.status === 400 || err.status === 422) return err.field.includes('nick') || err.field === '' ? 'err_nick' : 'err_bad';
  if (err.status === 401 || err.status === 403 || err.status === 404 || err.status === 405) return 'err_no_guests';
  return err.status >= 500 ? 'err_busy' : 'err_unknown';
}

/** The reason a server gave for closing for good. */
export const closeKey = (reason: string): Key => BY_WORD[reason] ?? 'err_closed';

/** UserSig is refused or has run out (Tencent's 70001…70020 and their neighbours). */
export const isSignatureError = (err: unknown): boolean => err instanceof ChatError && !err.temporary && err.code >= 70000 && err.code < 71000;
