import { extend } from './extend.ts';
import type { Key as BaseKey } from './index.ts';
import { en } from './lobby.en.ts';
import { zh } from './lobby.zh.ts';

export * from './index.ts';

export type Key = keyof typeof en | BaseKey;

/** The texts of the lobby, and those that all pages share. */
export const { t, plural } = extend(en, zh);
