import type { Log } from './log.ts';
import { folded } from './mention.ts';

/** What somebody is called, and under which account. */
export interface Person {
  user: string;
  nick: string;
}

const LONGEST = 20; // characters of a name that is being typed; longer ones are completed by then or none
const MOST = 6; // offered at once

/** The beginning of a name after an @ right before the caret; null where nobody is being called. */
export function callAt(text: string, caret: number): { from: number; prefix: string } | null {
  const before = text.slice(0, caret);
  const from = before.lastIndexOf('@');
  if (from < 0 || caret - from - 1 > LONGEST || /[\p{L}\p{N}]/u.test(before[from - 1] ?? '')) return null; // an address of mail calls nobody
  const prefix = before.slice(from + 1);
  return /[@\n]/.test(prefix) || prefix.startsWith(' ') ? null : { from, prefix };
}

/** Whom a beginning may mean: those who spoke, the last first, then who else is here; names that begin so before those that only hold it. */
export function candidates(log: Log, members: readonly Person[], prefix: string, me: string): Person[] {
  const want = folded(prefix);
  const spoke = log.rows.flatMap((row) => (row.kind === 'message' && row.at === undefined ? [{ user: row.from, nick: row.nick }] : [])).reverse();
  const seen = new Set([me]);
  const found: { person: Person; at: number }[] = [];
  for (const person of [...spoke, ...members]) {
    if (seen.has(person.user)) continue;
    seen.add(person.user);
    const at = folded(person.nick).indexOf(want);
    if (at >= 0) found.push({ person, at: Math.min(at, 1) });
  }
  return found.sort((a, b) => a.at - b.at).slice(0, MOST).map(({ person }) => person);
}

/** Puts a name where its beginning is; returns the text and where the caret goes. */
export function completed(text: string, caret: number, from: number, nick: string): { text: string; caret: number } {
  const rest = text.slice(caret).replace(/^ /, '');
  const head = `${text.slice(0, from)}@${nick} `;
  return { text: head + rest, caret: head.length };
}
