import { dictionary } from '../i18n/core.ts';
import { en } from '../i18n/admin.en.ts';
import { zh } from '../i18n/admin.zh.ts';

export type Key = keyof typeof en;

export const { t, plural } = dictionary(en, zh);
