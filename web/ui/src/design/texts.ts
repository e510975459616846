import { dictionary } from '../i18n/core.ts';
import { en } from '../i18n/design.en.ts';
import { zh } from '../i18n/design.zh.ts';

/** The words that belong to the components themselves. */
export const { t, plural } = dictionary(en, zh);
