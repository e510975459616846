import { dictionary } from '../i18n/core.ts';
import { en } from '../i18n/anchor.en.ts';
import { zh } from '../i18n/anchor.zh.ts';

export type AnchorKey = keyof typeof en;

/** The words of the anchor's console. */
export const { t, plural } = dictionary(en, zh);
