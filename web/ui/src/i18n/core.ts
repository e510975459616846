import { signal } from '@preact/signals';
import { store } from '../lib/storage.ts';

export type Language = 'en' | 'zh';

const tags: Record<Language, string> = { en: 'en', zh: 'zh-CN' };

export const languages: readonly { code: Language; name: string; tag: string }[] = [
  { code: 'en', name: 'English', tag: tags.en },
  { code: 'zh', name: '中文', tag: tags.zh },
];

/** The first language of the browser that the pages speak. */
export function pickLanguage(wanted: readonly string[], remembered: string | null): Language {
  if (remembered === 'en' || remembered === 'zh') return remembered;
  for (const tag of wanted) {
    const primary = tag.toLowerCase().split('-')[0];
    if (primary === 'zh' || primary === 'en') return primary;
  }
  return 'en';
}

export const language = signal<Language>(
  pickLanguage(typeof navigator === 'undefined' ? [] : navigator.languages, store.read('language')),
);

export const languageTag = (): string => tags[language.value];

const loaders: ((code: Language) => Promise<void>)[] = [];
const arrivals = signal(0);

/** Speaks a language on this page from when its texts are there. */
export async function speak(code: Language): Promise<void> {
  await Promise.all(loaders.map((load) => load(code)));
  language.value = code;
}

/** Chooses a language, remembers the choice, and speaks it. */
export async function setLanguage(code: Language): Promise<void> {
  store.write('language', code);
  try {
    await speak(code);
  } catch {
    location.reload(); // a newer server has other files; the choice is remembered
  }
}

/** The plural texts of a dictionary by their common stem: `online` for online_one and online_other. */
export type Stem<Key extends string> = Key extends `${infer S}_other` ? S : never;

export interface Dictionary<Key extends string> {
  /** The text of a key in the present language, with {names} filled in. */
  t(key: Key, values?: Record<string, string | number>): string;
  /** The text in the plural form that belongs to n; {n} becomes the number as the language writes it. */
  plural(stem: Stem<Key>, n: number, values?: Record<string, string>): string;
}

/**
 * The same as dictionary, of which each language is fetched when it is spoken: `load` gives its texts. `ready` resolves
 * when those of the present language are there; nothing should be drawn before.
 */
export function fetched<Key extends string>(load: (code: Language) => Promise<Record<Key, string>>): Dictionary<Key> & { ready: Promise<void>; load(code: Language): Promise<void> } {
  const texts = { en: {}, zh: {} } as Record<Language, Record<Key, string>>;
  const take = async (code: Language): Promise<void> => {
    Object.assign(texts[code], await load(code));
    arrivals.value++;
  };
  loaders.push(take);
  // Texts that are still on their way are drawn when they come.
  const absent = () => (arrivals.value, '');
  return { ...dictionary<Key>(texts.en, texts.zh, absent), load: take, ready: take(language.peek()) };
}

/**
 * The texts of one page or part in both languages. Keys ending in _one and _other are plural forms of one text
 * (Intl.PluralRules). test/unit/i18n.test.ts holds every pair complete: name a new one there.
 */
export function dictionary<Key extends string>(en: Record<Key, string>, zh: Record<NoInfer<Key>, string>, absent?: () => string): Dictionary<Key> {
  const texts: Record<Language, Record<Key, string>> = { en, zh };
  const t = (key: Key, values: Record<string, string | number> = {}): string =>
    (texts[language.value][key] ?? absent?.() as string).replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
  return {
    t,
    plural(stem, n, values = {}) {
      const tag = languageTag();
      const form = new Intl.PluralRules(tag).select(n) === 'one' ? 'one' : 'other';
      return t(`${stem}_${form}` as unknown as Key, { ...values, n: new Intl.NumberFormat(tag).format(n) });
    },
  };
}
