import { dictionary, type Stem } from './core.ts';
import { plural as basePlural, t as baseT, type Key as BaseKey, type PluralKey as BasePluralKey } from './index.ts';
import { en } from './parts.en.ts';
import { zh } from './parts.zh.ts';

export * from './index.ts';

type Own = keyof typeof en;
export type Key = Own | BaseKey;
type OwnPlural = Stem<Own>;
type Values = Record<string, string | number>;

const own = dictionary(en, zh);

/** The texts of the viewer's later parts, and all that it has from the beginning. */
export const t = (key: Key, values?: Values): string => (key in en ? own.t(key as Own, values) : baseT(key as BaseKey, values));
export const plural = (stem: OwnPlural | BasePluralKey, n: number, values?: Record<string, string>): string =>
  `${stem}_other` in en ? own.plural(stem as OwnPlural, n, values) : basePlural(stem as BasePluralKey, n, values);
