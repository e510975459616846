import { dictionary } from '../i18n/core.ts';
import { en } from '../i18n/anchor.en.ts';
import { zh } from '../i18n/anchor.zh.ts';

export const { t, plural } = dictionary(en, zh);
