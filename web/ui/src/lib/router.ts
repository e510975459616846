import { signal, type ReadonlySignal } from '@preact/signals';

/** What a route's pattern found: the value of each {name}, decoded. */
export type Params = Record<string, string>;

/** Compares a path with a pattern such as /admin/rooms/{room}; null where it is another. A slash at the end does not count. */
export function match(pattern: string, path: string): Params | null {
  const [wanted, found] = [pattern, path].map((p) => p.replace(/\/$/, '').split('/')) as [string[], string[]];
  if (wanted.length !== found.length) return null;
  const params: Params = {};
  for (const [i, part] of wanted.entries()) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (!name) {
      if (part !== found[i]) return null;
      continue;
    }
    try {
      params[name] = decodeURIComponent(found[i] as string);
    } catch {
      return null; // no text: nothing of ours
    }
    if (params[name] === '') return null;
  }
  return params;
}

/** The part of a window the router uses; tests give their own. */
export type Place = Pick<Window, 'location' | 'history' | 'addEventListener' | 'removeEventListener'>;

/** Goes between the addresses at and below one path without loading the page anew. */
export class Router {
  /** The address as it is now, without host and fragment's code: path and query. */
  readonly at: ReadonlySignal<URL>;
  readonly #at = signal(new URL('http://nowhere/'));
  readonly #base: string;
  readonly #place: Place;
  constructor(base: string, place: Place = window) {
    this.#base = base;
    this.#place = place;
    this.at = this.#at;
    this.#read();
  }

  /** Follows links and the browser's own buttons until the returned function is called. */
  start(): () => void {
    const moved = () => this.#read();
    const clicked = (ev: MouseEvent) => this.#follow(ev);
    this.#place.addEventListener('popstate', moved);
    this.#place.addEventListener('click', clicked);
    return () => {
      this.#place.removeEventListener('popstate', moved);
      this.#place.removeEventListener('click', clicked);
    };
  }

  /** Goes to an address of this page; with `replace` the present one is not kept in the browser's history. */
  go(to: string, { replace = false } = {}): void {
    const url = new URL(to, this.#place.location.href);
    if (!this.#ours(url)) return this.#place.location.assign(url);
    if (url.href === this.#at.value.href) return;
    this.#place.history[replace ? 'replaceState' : 'pushState'](null, '', url);
    this.#read();
  }

  /** The values of a pattern where the present path is one of it, else null. */
  match(pattern: string): Params | null {
    return match(pattern, this.#at.value.pathname);
  }

  /** One value of the query, '' where it is not there. */
  query(name: string): string {
    return this.#at.value.searchParams.get(name) ?? '';
  }

  /** Sets values of the query ('' takes one out) in place, so that a filter survives a reload but is no step back. */
  setQuery(values: Record<string, string>): void {
    const url = new URL(this.#at.value);
    for (const [name, value] of Object.entries(values)) {
      if (value === '') url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    this.go(url.href, { replace: true });
  }

  #read(): void {
    this.#at.value = new URL(this.#place.location.href);
  }

  #ours(url: URL): boolean {
    return url.origin === this.#place.location.origin && (url.pathname === this.#base || url.pathname.startsWith(`${this.#base}/`));
  }

  /** Takes a plain click on a link of ours; all others are the browser's: new tabs, downloads, other pages, places on this one. */
  #follow(ev: MouseEvent): void {
    if (ev.defaultPrevented || ev.button !== 0 || ev.metaKey || ev.ctrlKey || ev.shiftKey || ev.altKey) return;
    const link = (ev.target as Element | null)?.closest?.('a[href]') as HTMLAnchorElement | null;
    if (!link || (link.target !== '' && link.target !== '_self') || link.hasAttribute('download')) return;
    const url = new URL(link.href);
    if (!this.#ours(url) || (url.hash !== '' && url.pathname === this.#at.value.pathname)) return;
    ev.preventDefault();
    this.go(url.href);
  }
}
