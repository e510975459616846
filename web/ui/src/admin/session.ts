import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { ApiError, data, http, refusal, type Http } from '../api/http.ts';
import { Backoff } from '../lib/backoff.ts';

/** How one stands with the server. */
export type Standing =
  | 'asking' // not known yet
  | 'out' // nobody is signed in
  | 'in'
  | 'lost'; // was signed in, and the server does not know it any more

/** Who is signed in, as the server says it. */
export interface SignedIn {
  name: string;
  csrf: string;
  expiresAt: string;
}

/** What opens the door: the API token with a name for the audit log, or the code of a link. */
export type Credentials = { token: string; name?: string } | { code: string };

export interface SessionOptions {
  fetch?: (request: Request) => Promise<Response>;
  host?: string;
  random?: () => number;
}

const READ_MS = 15_000; // a connection that is dead and tells nobody does not hold the page up for ever
const WRITE_MS = 45_000;
const TRIES = 3; // of one call: signed in anew, and with a new token against forged requests

/**
 * The administrator's session: a cookie that this page can't read, and a token beside it that goes with each write. What
 * fails because the session is over waits until somebody has signed in again, and is then done. While the server can't be
 * reached it asks by itself, with growing waits, until it can.
 */
export class Session {
  readonly standing: ReadonlySignal<Standing>;
  readonly who: ReadonlySignal<SignedIn | null>;
  /** The last call got through to the server. */
  readonly reachable: ReadonlySignal<boolean>;
  /** How often it was reached again after it was not: who shows something reads it anew. */
  readonly returns: ReadonlySignal<number>;
  /** Why the code of a link did not sign in; null: it did, or there was none. */
  readonly linkRefused: ReadonlySignal<ApiError | null>;
  /** For all calls but those that sign in and out. */
  readonly http: Http;

  readonly #standing = signal<Standing>('asking');
  readonly #who = signal<SignedIn | null>(null);
  readonly #reachable = signal(true);
  readonly #returns = signal(0);
  readonly #linkRefused = signal<ApiError | null>(null);
  readonly #plain: Http;
  readonly #fetch: (request: Request) => Promise<Response>;
  readonly #backoff: Backoff;
  #turn = 0; // grows when somebody signs in or out: a refusal of an earlier turn says nothing of this one
  #waiting: ((again: boolean) => void)[] = [];
  #probe: ReturnType<typeof setTimeout> | null = null;
  #closed = false;

  constructor({ fetch: fetcher = (request) => fetch(request), host, random }: SessionOptions = {}) {
    this.#fetch = fetcher;
    this.#backoff = new Backoff({ baseMs: 1000, capMs: 8000, ...(random ? { random } : {}) });
    const where = { session: true, ...(host ? { host } : {}) };
    this.#plain = http({ ...where, fetch: (request) => this.#reach(request) });
    this.http = http({ ...where, fetch: (request) => this.#send(request) });
    this.standing = this.#standing;
    this.who = this.#who;
    this.reachable = this.#reachable;
    this.returns = this.#returns;
    this.linkRefused = this.#linkRefused;
  }

  /** Somebody is, or was a moment ago, signed in: there is a page to show. */
  readonly inside = computed(() => this.#standing.value === 'in' || this.#standing.value === 'lost');

  /** Finds out whether somebody is signed in; with the code of a link, signs in with it. */
  async start(code = ''): Promise<void> {
    if (code !== '') {
      try {
        await this.signIn({ code });
        return;
      } catch (err) {
        this.#linkRefused.value = err instanceof ApiError && err.status !== 0 ? err : null;
      }
    }
    await this.check();
  }

  /** Signs in; ApiError says why not. What waited for it goes on. */
  async signIn(credentials: Credentials): Promise<void> {
    this.#enter(await data(this.#plain.POST('/api/v1/session', { body: credentials })));
    this.#linkRefused.value = null;
  }

  /** Asks the server whether the session still stands. */
  async check(): Promise<void> {
    try {
      const found = await data(this.#plain.GET('/api/v1/session'));
      if (this.#who.value?.csrf === found.csrf && this.#standing.value === 'in') this.#who.value = found;
      else this.#enter(found);
    } catch (err) {
      if (err instanceof ApiError && err.status === 401) this.#leave();
      else if (this.#standing.value === 'asking') this.#later();
    }
  }

  /** Ends this session. */
  async signOut(): Promise<void> {
    await this.#end(() => this.#plain.DELETE('/api/v1/session', { headers: this.#token() }));
  }

  /** Ends everybody's. */
  async signOutEverywhere(): Promise<void> {
    await this.#end(() => this.#plain.DELETE('/api/v1/sessions', { headers: this.#token() }));
  }

  /** Gives up what waits for a sign-in: it fails as the server refused it, and the page is left. */
  giveUp(): void {
    this.#out();
  }

  /** Asks at once instead of after the next wait, as when the device says that it is on line again. */
  hurry(): void {
    if (this.#probe === null) return;
    clearTimeout(this.#probe);
    this.#probe = null;
    this.#backoff.reset();
    void this.check();
  }

  close(): void {
    this.#closed = true;
    if (this.#probe !== null) clearTimeout(this.#probe);
    this.#probe = null;
  }

  async #end(call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (err) {
      if (!(err instanceof ApiError && err.status === 401)) throw err; // with 401 it had ended already
    }
    this.#out();
  }

  #token(): Record<string, string> {
    return { 'X-CSRF-Token': this.#who.value?.csrf ?? '' };
  }

  #enter(found: SignedIn): void {
    this.#turn++;
    this.#who.value = found;
    this.#standing.value = 'in';
    this.#wake(true);
  }

  /** The server does not know the session: over a page that is shown, somebody may sign in again. */
  #leave(): void {
    this.#standing.value = this.inside.value ? 'lost' : 'out';
  }

  #out(): void {
    this.#turn++;
    this.#who.value = null;
    this.#standing.value = 'out';
    this.#wake(false);
  }

  #wake(again: boolean): void {
    for (const wake of this.#waiting.splice(0)) wake(again);
  }

  /** Calls the server, and sees whether it was reached. */
  async #reach(request: Request): Promise<Response> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new TypeError('no answer')), reads(request) ? READ_MS : WRITE_MS);
    let response: Response;
    try {
      response = await this.#fetch(new Request(request, { signal: AbortSignal.any([request.signal, late.signal]) }));
    } catch (err) {
      if (!request.signal.aborted) this.#away();
      throw err;
    } finally {
      clearTimeout(timer);
    }
    if (response.status === 502 || response.status === 504) this.#away(); // a proxy that does not reach it
    else this.#here();
    return response;
  }

  async #send(request: Request): Promise<Response> {
    for (let tries = 1; ; tries++) {
      const turn = this.#turn;
      const attempt = request.clone();
      if (!reads(request)) for (const [name, value] of Object.entries(this.#token())) attempt.headers.set(name, value);
      const response = await this.#reach(attempt);
      if (tries === TRIES || !(await this.#again(response, turn, request.signal))) return response;
    }
  }

  /** Whether a refused call is worth another try; waits for somebody to sign in where that is what it needs. */
  async #again(response: Response, turn: number, aborted: AbortSignal): Promise<boolean> {
    if (response.status === 403 && (await refusal(response.clone())).code === 'csrf') {
      const before = this.#who.value?.csrf;
      await this.check(); // signed in anew elsewhere in this browser
      return this.#standing.value === 'in' && this.#who.value?.csrf !== before;
    }
    if (response.status !== 401) return false;
    if (turn !== this.#turn) return this.#standing.value === 'in';
    this.#leave();
    if (this.#standing.value !== 'lost') return false;
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      aborted.addEventListener('abort', () => {
        this.#waiting = this.#waiting.filter((one) => one !== resolve);
        reject(aborted.reason);
      });
    });
  }

  #here(): void {
    this.#backoff.reset();
    if (this.#reachable.value) return;
    this.#reachable.value = true;
    this.#returns.value++;
  }

  #away(): void {
    this.#reachable.value = false;
    this.#later();
  }

  #later(): void {
    if (this.#closed || this.#probe !== null) return;
    this.#probe = setTimeout(() => {
      this.#probe = null;
      void this.check();
    }, this.#backoff.next());
  }
}

const reads = (request: Request): boolean => request.method === 'GET' || request.method === 'HEAD';

/** Takes the code of a link out of an address, which is shown without it from then on; '' where there is none. */
export function takeCode(place: Pick<Window, 'location' | 'history'>): string {
  const url = new URL(place.location.href);
  const code = new URLSearchParams(url.hash.slice(1)).get('code') ?? '';
  if (code === '') return '';
  url.hash = '';
  place.history.replaceState(place.history.state, '', url);
  return code;
}
