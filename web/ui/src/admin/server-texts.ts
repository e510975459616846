import { dictionary } from '../i18n/core.ts';
import { en } from '../i18n/server.en.ts';
import { zh } from '../i18n/server.zh.ts';

/** The words of what is set up and kept: recordings, callbacks, addresses, keys, UserSigs, settings. */
export type ServerKey = keyof typeof en;

export const { t, plural } = dictionary(en, zh);
