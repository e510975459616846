import { dictionary } from '../i18n/core.ts';
import { en } from '../i18n/ui.en.ts';
import { zh } from '../i18n/ui.zh.ts';

export const { t, plural } = dictionary(en, zh);
