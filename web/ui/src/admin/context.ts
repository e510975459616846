import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Http } from '../api/http.ts';
import type { Router } from '../lib/router.ts';
import type { Feed } from './feed.ts';
import { useLoaded, type Loaded, type UseLoadedOptions } from './loader.ts';
import type { Session } from './session.ts';

/** What every section works with. */
export interface Console {
  session: Session;
  /** The server's API as the administrator who is signed in: `await data(http.GET('/api/v1/…'))`. */
  http: Http;
  router: Router;
  /** The statuses of all rooms, as they change. */
  feed: Feed;
}

const Place = createContext<Console | null>(null);

export const ConsoleProvider = Place.Provider;

export function useConsole(): Console {
  const found = useContext(Place);
  if (!found) throw new Error('outside of the console');
  return found;
}

/**
 * Reads something as long as a component is shown: anew when one of `of` is another, every so many ms, and when the server is
 * back after it was away.
 */
export function useRead<T>(load: (http: Http, signal: AbortSignal) => Promise<T>, of: readonly unknown[], options: Omit<UseLoadedOptions, 'again'> = {}): Loaded<T> {
  const { http, session } = useConsole();
  return useLoaded((signal) => load(http, signal), of, { ...options, again: session.returns.value });
}
