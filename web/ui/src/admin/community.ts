import { dictionary } from '../i18n/core.ts';
import { en } from '../i18n/community.en.ts';
import { zh } from '../i18n/community.zh.ts';

export type Key = keyof typeof en;

/** The words of the console's sections about people, what they say and what they give. */
export const { t, plural } = dictionary(en, zh);
