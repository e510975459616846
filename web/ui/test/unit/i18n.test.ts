import { afterEach, describe, expect, test } from 'vitest';
import { amount, compactAmount, en, language, pickLanguage, plural, t, when, zh, type Key } from '../../src/i18n/index.ts';

afterEach(() => {
  language.value = 'en';
});

describe('dictionaries', () => {
  test('hold the same keys', () => expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort()));

  test('leave nothing empty', () => {
    for (const [key, text] of [...Object.entries(en), ...Object.entries(zh)]) expect(text.trim(), key).not.toBe('');
  });

  test('name the same values in both languages', () => {
    const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
    for (const key of Object.keys(en) as Key[]) expect(names(zh[key]), key).toEqual(names(en[key]));
  });

  test('have both forms of every plural', () => {
    for (const key of Object.keys(en)) if (key.endsWith('_other')) expect(en).toHaveProperty(key.replace(/_other$/, '_one'));
  });

  test('Chinese is Chinese', () => {
    const same = (Object.keys(en) as Key[]).filter((key) => zh[key] === en[key]);
    expect(same).toEqual(['brand']);
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
