import type { Schemas } from '../api/http.ts';

export type Word = Schemas['WordBody'];

/** What a list of words may be in one call of the console. */
export const MOST = 5000;

/** Lines of a list as files of words have them: a word that blocks; or a word, a tab, `replace`, and after another tab its replacement. */
export function wordsOf(text: string, whole: boolean): Word[] {
  const words: Word[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [word = '', action = '', replacement = ''] = line.split('\t').map((part) => part.trim());
    if (word === '' || word.startsWith('#')) continue;
    words.push({ word, ...(action === 'replace' ? { action: 'replace' as const, ...(replacement ? { replacement } : {}) } : {}), ...(whole ? { whole } : {}) });
  }
  return words;
}

/** The same the other way round, to take away. */
export const linesOf = (words: readonly Word[]): string => words.map((word) => (word.action === 'replace' ? [word.word, 'replace', word.replacement ?? ''].join('\t').trimEnd() : word.word)).join('\n') + '\n';
