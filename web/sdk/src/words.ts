// Words a page does not want sent. The server has its own list and the last word; this one saves its user the refusal.

const INVISIBLE = /[\p{Cf}\p{Mn}\s]/gu;

/** As the server compares: compatibility forms, case and invisible characters make no difference. */
const fold = (text: string): string => text.normalize('NFKC').toLowerCase().replace(INVISIBLE, '');

export class LocalWords {
  readonly #byFirst = new Map<string, string[]>();

  constructor(words: readonly string[]) {
    for (const word of words) {
      const folded = fold(String(word));
      const first = folded[0];
      if (first === undefined) continue;
      const list = this.#byFirst.get(first) ?? [];
      this.#byFirst.set(first, list);
      list.push(folded);
    }
  }

  /** The first word found in a text, or ''. */
  find(text: string): string {
    if (this.#byFirst.size === 0) return '';
    const folded = fold(text);
    for (let i = 0; i < folded.length; i++) {
      const found = this.#byFirst.get(folded[i] as string)?.find((word) => folded.startsWith(word, i));
      if (found !== undefined) return found;
    }
    return '';
  }
}
