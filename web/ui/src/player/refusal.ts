const ASK_MS = 3000;

/** Codes of refusals that say: as many watch as may. A place may be free in a moment. */
const FULL: ReadonlySet<string> = new Set(['room_full', 'room_bandwidth', 'node_full', 'node_bandwidth']);

export const isFull = (code: string): boolean => FULL.has(code);

/** Asks why a play address is refused: the code, or '' where it is not refused or nobody says. Players keep the answer's body to themselves. */
export async function refusalOf(url: string, fetcher: typeof fetch = fetch): Promise<string> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ASK_MS);
  try {
    const response = await fetcher(url, { signal: abort.signal, cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer' });
    if (response.ok) return '';
    const { code } = (await response.json()) as { code?: unknown };
    return typeof code === 'string' ? code : '';
  } catch {
    return '';
  } finally {
    clearTimeout(timer);
    abort.abort(); // an address that plays after all gives its place back
  }
}
