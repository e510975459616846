import { extend } from './extend.ts';
import type { Key as BaseKey } from './index.ts';
import { en } from './parts.en.ts';
import { zh } from './parts.zh.ts';

export * from './index.ts';

export type Key = keyof typeof en | BaseKey;

/** The texts of the viewer's later parts, and those that all pages share. */
export const { t, plural } = extend(en, zh);
