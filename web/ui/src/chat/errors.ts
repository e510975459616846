import { ChatError } from 'liveroom-sdk';
import { ApiError } from '../api/client.ts';
import { t, type Key } from '../i18n/index.ts';

const BY_CODE: Record<number, Key> = {
  2040: 'err_upload',
  2041: 'err_upload',
  2101: 'err_out',
  2251: 'err_picture_type',
  2252: 'err_picture_type',
  2253: 'err_picture_size',
  2623: 'err_out',
  2800: 'err_offline',
  2801: 'err_offline',
  2805: 'err_offline',
  2996: 'err_fast',
  2999: 'err_offline',
  3123: 'err_blocked',
  10003: 'err_unsupported',
  10004: 'err_bad',
  10006: 'err_fast',
  10007: 'err_refused',
  10010: 'err_room_gone',
  10015: 'err_room_gone',
  10017: 'err_muted',
  10023: 'err_fast',
  10030: 'err_message_gone',
  10031: 'err_recall_late',
  40005: 'err_nick',
  40601: 'err_nick',
  80001: 'err_blocked',
  80002: 'err_long',
  110001: 'err_old',
};

const BY_REASON: Record<string, Key> = {
  banned: 'err_banned',
  file_too_large: 'err_picture_size',
  gifts_too_fast: 'err_fast',
  muted_all: 'err_muted_all',
  no_settlement: 'err_not_offered',
  no_such_gift: 'err_gift_none',
  not_joined: 'err_out',
  not_offered: 'err_not_offered',
  price_changed: 'err_price',
  slow_mode: 'err_slow',
  too_many_orders: 'err_busy',
  too_many_uploads: 'err_uploads',
  uploads_off: 'err_uploads_off',
  uploads_running: 'err_uploads',
};

/** The words for a refusal. Never empty: what is not known is still an error to the person who typed. */
export function errorKey(err: unknown): Key {
  if (err instanceof ApiError) return apiErrorKey(err);
  if (!(err instanceof ChatError)) return 'err_unknown';
  const known = BY_REASON[err.data.reason ?? ''] ?? BY_CODE[err.code];
  if (known) return known;
  if (isSignatureError(err)) return 'err_signature';
  return err.data.temporary ? 'err_busy' : 'err_unknown';
}

/** Why a gift was refused: a backend's own words, or ours for the server's; '' for a word of the server that is none for people. */
export function giftWhy(reason: string): string {
  const known = reason === 'no_permission' ? 'err_guests' : BY_REASON[reason];
  return known ? t(known) : /^[a-z]+(_[a-z]+)+$/.test(reason) ? '' : reason;
}

function apiErrorKey(err: ApiError): Key {
  if (err.status === 0) return 'err_offline';
  if (err.status === 429) return 'err_fast';
  if (err.status === 400 || err.status === 422) return err.field.includes('nick') || err.field === '' ? 'err_nick' : 'err_bad';
  if (err.status === 401 || err.status === 403 || err.status === 404 || err.status === 405) return 'err_no_guests';
  return err.status >= 500 ? 'err_busy' : 'err_unknown';
}

/** UserSig is refused or has run out (Tencent's 70001…70020 and their neighbours). */
export const isSignatureError = (err: unknown): boolean =>
  err instanceof ChatError && err.data.temporary !== true && err.code >= 70000 && err.code < 71000;
