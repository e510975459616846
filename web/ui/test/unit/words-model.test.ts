import { expect, test } from 'vitest';
import { linesOf, wordsOf } from '../../src/admin/words-model.ts';

test('lines are words, as files of words have them', () => {
  expect(wordsOf('buy followers\r\n\n  damn\treplace\tdarn \n# a remark\nhell\treplace', false)).toEqual([
    { word: 'buy followers' },
    { word: 'damn', action: 'replace', replacement: 'darn' },
    { word: 'hell', action: 'replace' },
  ]);
  expect(wordsOf('ass', true)).toEqual([{ word: 'ass', whole: true }]);
  expect(wordsOf(' \n#\n', false)).toEqual([]);
});

test('what is taken away can be brought back', () => {
  const words = [{ word: 'buy followers', action: 'block' as const }, { word: 'damn', action: 'replace' as const, replacement: 'darn' }, { word: 'hell', action: 'replace' as const }];
  expect(linesOf(words)).toBe('buy followers\ndamn\treplace\tdarn\nhell\treplace\n');
  expect(wordsOf(linesOf(words), false)).toEqual([{ word: 'buy followers' }, words[1], words[2]]);
});
