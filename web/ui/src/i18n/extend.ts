import { dictionary, type Stem } from './core.ts';
import { plural as basePlural, t as baseT, type Key as BaseKey, type PluralKey as BasePluralKey } from './index.ts';

type Values = Record<string, string | number>;

/** The texts of one part, and with them all that pages share: code of that part asks only here. */
export function extend<Own extends string>(en: Record<Own, string>, zh: Record<NoInfer<Own>, string>) {
  const own = dictionary(en, zh);
  return {
    t: (key: Own | BaseKey, values?: Values): string => (key in en ? own.t(key as Own, values) : baseT(key as BaseKey, values)),
    plural: (stem: Stem<Own> | BasePluralKey, n: number, values?: Record<string, string>): string =>
      `${stem}_other` in en ? own.plural(stem as Stem<Own>, n, values) : basePlural(stem as BasePluralKey, n, values),
  };
}
