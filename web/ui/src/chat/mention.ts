/** As names are compared. */
export const folded = (text: string): string => text.normalize('NFKC').toLowerCase();

/** Whether a text calls somebody of that name: @name, and no longer name. */
export function calls(text: string, nick: string): boolean {
  if (nick === '') return false;
  const [where, name] = [folded(text), `@${folded(nick)}`];
  for (let at = where.indexOf(name); at >= 0; at = where.indexOf(name, at + 1)) {
    // What follows a Chinese name without a space may belong to it or not; then one is called rather once too often.
    if (!/^[a-z0-9_]/.test(where.slice(at + name.length)) || !/[a-z0-9_]$/.test(name)) return true;
  }
  return false;
}
