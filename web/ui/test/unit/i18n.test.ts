import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { dictionary } from '../../src/i18n/core.ts';
import { amount, compactAmount, language, pickLanguage, plural, t, when } from '../../src/i18n/index.ts';

/** Keys of names that are the same in both languages. */
const NAMES = new Set(['brand', 'nav_usersigs']);

afterEach(() => {
  language.value = 'en';
});

const src = fileURLToPath(new URL('../../src', import.meta.url));
const folder = join(src, 'i18n');

/** Every pair of texts: en.ts with zh.ts, admin.en.ts with admin.zh.ts, and so on. */
const pairs = await Promise.all(
  readdirSync(folder)
    .filter((name) => /(^|\.)en\.ts$/.test(name))
    .map(async (name) => {
      const other = name.replace(/en\.ts$/, 'zh.ts');
      const { en } = (await import(join(folder, name))) as { en: Record<string, string> };
      const { zh } = (await import(join(folder, other))) as { zh: Record<string, string> };
      return { name, en, zh };
    }),
);

/** All code that may use texts, without the texts themselves. */
const code = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('i18n/'))
  .concat('i18n/index.ts')
  .map((name) => readFileSync(join(src, name), 'utf8'))
  .join('\n');

/** Keys that are made of parts where they are used: `status_${scene}`. */
const stems = [...code.matchAll(/`(\w*)\$\{[^}]*\}(\w*)`/g)].map(([, before = '', after = '']) => [before, after] as const).filter(([before, after]) => before !== '' || after !== '');

const used = (key: string): boolean =>
  [key, key.replace(/_(one|other)$/, '')].some((k) => code.includes(`'${k}'`) || code.includes(`"${k}"`) || stems.some(([before, after]) => k.startsWith(before) && k.endsWith(after) && k.length > before.length + after.length));

test('the pairs are found', () => expect(pairs.map(({ name }) => name)).toEqual(expect.arrayContaining(['en.ts', 'admin.en.ts', 'anchor.en.ts', 'design.en.ts', 'ui.en.ts'])));

describe.each(pairs)('dictionaries of $name', ({ en, zh }) => {
  test('hold the same keys', () => expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort()));

  test('leave nothing empty', () => {
    for (const [key, text] of [...Object.entries(en), ...Object.entries(zh)]) expect(text.trim(), key).not.toBe('');
  });

  test('name the same values in both languages', () => {
    const names = (text = '') => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
    for (const key of Object.keys(en)) expect(names(zh[key]), key).toEqual(names(en[key]));
  });

  test('have both forms of every plural', () => {
    for (const key of Object.keys(en)) if (key.endsWith('_other')) expect(en).toHaveProperty(key.replace(/_other$/, '_one'));
  });

  test('Chinese is Chinese', () => {
    const same = Object.keys(en).filter((key) => zh[key] === en[key] && /[a-z]{2}/.test(en[key] ?? ''));
    expect(same.filter((key) => !NAMES.has(key))).toEqual([]);
  });

  test('hold nothing that no page says', () => expect(Object.keys(en).filter((key) => !used(key))).toEqual([]));
});

describe('a dictionary of one page', () => {
  const page = dictionary({ hello: 'Hello {name}', rooms_one: '{n} room', rooms_other: '{n} rooms' }, { hello: '{name}，您好', rooms_one: '{n} 间', rooms_other: '{n} 间' });

  test('speaks the present language', () => {
    expect(page.t('hello', { name: 'Mei' })).toBe('Hello Mei');
    expect([page.plural('rooms', 1), page.plural('rooms', 1200)]).toEqual(['1 room', '1,200 rooms']);
    language.value = 'zh';
    expect(page.t('hello', { name: 'Mei' })).toBe('Mei，您好');
    expect(page.plural('rooms', 1200)).toBe('1,200 间');
  });

  test('takes only keys it has', () => {
    // @ts-expect-error no such key
    expect(() => page.t('bye')).toThrow();
    // @ts-expect-error not a plural
    expect(() => page.plural('hello', 1)).toThrow();
  });
});

describe('choice of the language', () => {
  test.each([
    [['zh-TW', 'en'], null, 'zh'],
    [['en-GB'], null, 'en'],
    [['de', 'zh-CN', 'en'], null, 'zh'],
    [['fr'], null, 'en'],
    [[], null, 'en'],
    [['en'], 'zh', 'zh'],
    [['zh'], 'en', 'en'],
    [['zh'], 'xx', 'zh'],
  ])('%j with %j remembered is %s', (wanted, remembered, want) => expect(pickLanguage(wanted, remembered)).toBe(want));
});

describe('texts', () => {
  test('values are filled in, unknown ones stay', () => {
    expect(t('anchor', { name: 'Mei' })).toBe('with Mei');
    expect(t('anchor')).toBe('with {name}');
  });

  test('a value is text, not a pattern', () => expect(t('anchor', { name: '$& {name}' })).toBe('with $& {name}'));

  test('plural forms and numbers follow the language', () => {
    expect(plural('chat_new', 1)).toBe('1 new message');
    expect(plural('chat_new', 1200)).toBe('1,200 new messages');
    language.value = 'zh';
    expect(plural('chat_new', 1)).toBe('1 条新消息');
  });

  test.each([
    [0, '0', '0'],
    [100, '1', '1'],
    [1250, '12.50', '12.50'],
    [999_999, '9,999.99', '9,999.99'],
    [1_234_567, '12,345.67', '12.3K'],
    [1_234_567_890_099, '12,345,678,900.99', '12.3B'],
  ])('%i of the smallest unit is told in full where it is spent, and short as a counter', (minor, full, short) => {
    expect([amount(minor), compactAmount(minor)]).toEqual([full, short]);
  });

  test('a moment today is only the hour', () => {
    const now = new Date(2026, 10, 21, 9, 0);
    expect(when(new Date(2026, 10, 21, 18, 30).toISOString(), now)).toMatch(/^6:30\sPM$/);
    expect(when(new Date(2026, 10, 23, 18, 30).toISOString(), now)).toContain('Nov 23');
    expect(when('nonsense', now)).toBe('');
  });
});
