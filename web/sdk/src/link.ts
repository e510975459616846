import { Backoff } from './backoff.ts';
import { ChatError, CODE, isTemporary } from './error.ts';
import { Line, LineDown } from './line.ts';
import type { Environment, SocketLike } from './types.ts';
import type { Json, Push, Reply } from './wire.ts';

export type NetState = 'connected' | 'connecting' | 'disconnected';

export interface LinkHooks {
  /** The fields of auth; asked again at each reconnect. */
  auth(): Json;
  /** The server knows us: go back into the rooms. Requests made by others wait until it is done. */
  welcome(hello: Reply, line: Line): Promise<void>;
  push(push: Push): void;
  state(state: NetState): void;
  /** The server does not want us back like this. The link has stopped. */
  ended(why: Ended): void;
}

export interface Ended {
  /** The server's word: a close reason, or the error of a refused auth. */
  reason: string;
  /** KICKED_OUT's type, if the server named one. */
  type: string;
  code: number;
  detail: string;
}

interface Pending {
  op: string;
  fields: Json;
  /** Must not be done twice: not sent again once the server may have seen it. */
  once: boolean;
  on: Line | null; // under way on this line
  timer: unknown;
  resolve(reply: Reply): void;
  reject(err: Error): void;
}

export interface RequestOptions {
  once?: boolean;
  timeoutMs?: number;
}

export const REQUEST_MS = 15_000;
const STABLE_MS = 10_000;
const RETRY_IN_FLIGHT_MS = 300;
const TRIES_BEFORE_FALLBACK = 2;
const TRIES_BEFORE_DISCONNECTED = 3;

// Ends that say nothing about the user: a device that slept through the greeting, a frame that was garbled. Another line may do.
const OWN_FAULTS = new Set(['auth_timeout', 'bad_frame', 'not_text', 'too_big']);

/** A connection that comes back by itself, for one identity. Requests survive it. */
export class Link {
  readonly #env: Environment;
  readonly #url: string;
  readonly #hooks: LinkHooks;
  readonly #backoff: Backoff;
  readonly #pending = new Set<Pending>();
  #line: Line | null = null;
  #ready = false;
  #state: NetState | '' = '';
  #retry: unknown = null;
  #stable: unknown = null;
  #afterMs = 0;
  #running = false;
  #byFallback = false;
  #closedDoors = 0; // times in a row that a line did not even open
  #unwatch: () => void = () => {};
  #first: { resolve(): void; reject(err: Error): void } | null = null;

  constructor(env: Environment, url: string, hooks: LinkHooks) {
    this.#env = env;
    this.#url = url;
    this.#hooks = hooks;
    this.#backoff = new Backoff(env.random);
  }

  get state(): NetState | '' {
    return this.#state;
  }

  /** Connects; resolves when welcomed for the first time, rejects when refused or after `timeoutMs` (the link has stopped then). */
  start(timeoutMs = REQUEST_MS): Promise<void> {
    this.#running = true;
    this.#unwatch = this.#env.watch((what) => this.#noticed(what));
    const welcomed = new Promise<void>((resolve, reject) => {
      const timer = this.#env.setTimeout(() => this.#giveUp(this.#lateness()), timeoutMs);
      this.#first = {
        resolve: () => (this.#env.clearTimeout(timer), resolve()),
        reject: (err) => (this.#env.clearTimeout(timer), reject(err)),
      };
    });
    this.#setState(this.#env.online() ? 'connecting' : 'disconnected');
    void this.#open();
    return welcomed;
  }

  /** Ends for good. What is pending is rejected with `err`. */
  stop(err: Error = new ChatError(CODE.LOGGED_OUT, 'logged out')): void {
    if (!this.#running) return;
    this.#running = false;
    this.#ready = false;
    this.#unwatch();
    this.#clearTimers();
    const line = this.#line;
    this.#line = null;
    line?.close(1000);
    for (const pending of [...this.#pending]) this.#settle(pending, () => pending.reject(err));
    this.#first?.reject(err);
    this.#first = null;
  }

  request(op: string, fields: Json = {}, options: RequestOptions = {}): Promise<Reply> {
    if (!this.#running) return Promise.reject(new ChatError(CODE.NOT_READY, 'not connected'));
    return new Promise((resolve, reject) => {
      const pending: Pending = { op, fields, once: options.once ?? false, on: null, timer: null, resolve, reject };
      pending.timer = this.#env.setTimeout(() => this.#settle(pending, () => reject(this.#lateness())), options.timeoutMs ?? REQUEST_MS);
      this.#pending.add(pending);
      if (this.#ready) this.#dispatch(pending);
    });
  }

  #noticed(what: 'visible' | 'online' | 'offline'): void {
    if (!this.#running) return;
    if (what === 'offline') {
      this.#line?.probe();
      if (!this.#ready) this.#setState('disconnected');
    } else if (this.#retry !== null) {
      this.#env.clearTimeout(this.#retry);
      this.#retry = null;
      this.#setState('connecting');
      void this.#open();
    } else {
      this.#line?.probe();
    }
  }

  async #open(): Promise<void> {
    this.#afterMs = 0;
    let line: Line;
    try {
      line = new Line(this.#env, this.#connect(), {
        push: (push) => this.#line === line && this.#pushed(push),
        down: () => this.#line === line && this.#fell(line),
      });
    } catch (err) {
      this.#env.log(2, 'the socket could not be made', err);
      this.#closedDoor();
      return this.#scheduleRetry();
    }
    this.#line = line;
    try {
      await line.opened;
      await this.#enter(line);
    } catch (err) {
      if (this.#line === line) this.#refused(line, err);
    }
  }

  #connect(): SocketLike {
    const { fallback, socket } = this.#env;
    return this.#byFallback && fallback ? fallback(this.#url.replace(/^ws/, 'http') + '/stream') : socket(this.#url);
  }

  async #enter(line: Line): Promise<void> {
    const late = this.#env.setTimeout(() => line.close(), REQUEST_MS);
    try {
      const hello = await line.request('auth', this.#hooks.auth());
      if (this.#line !== line) return;
      await this.#hooks.welcome(hello, line);
      if (this.#line !== line) return;
      line.keepAlive(typeof hello.pingSeconds === 'number' ? hello.pingSeconds : 15);
    } finally {
      this.#env.clearTimeout(late);
    }
    this.#ready = true;
    this.#closedDoors = 0;
    // Only a line that holds ends the growing waits: one that falls at once would be tried in a tight loop.
    this.#stable = this.#env.setTimeout(() => this.#backoff.reset(), STABLE_MS);
    this.#setState('connected');
    this.#first?.resolve();
    this.#first = null;
    for (const pending of [...this.#pending]) this.#dispatch(pending);
  }

  #dispatch(pending: Pending): void {
    const line = this.#line;
    if (!line || !this.#ready || pending.on === line) return;
    pending.on = line;
    line.request(pending.op, pending.fields).then(
      (reply) => this.#settle(pending, () => pending.resolve(reply)),
      (err: Error) => {
        pending.on = null;
        if (err instanceof LineDown) {
          if (pending.once && err.sent) this.#settle(pending, () => pending.reject(new ChatError(CODE.NETWORK, 'the connection ended before the answer came', { temporary: true })));
        } else if (err instanceof ChatError && err.data.reason === 'send_in_flight') {
          this.#env.setTimeout(() => this.#pending.has(pending) && this.#dispatch(pending), RETRY_IN_FLIGHT_MS);
        } else if (!(err instanceof ChatError && err.data.reason === 'stopping')) {
          this.#settle(pending, () => pending.reject(err));
        } // a server that stops sends us away in a moment: the next one is asked
      },
    );
  }

  #settle(pending: Pending, how: () => void): void {
    if (!this.#pending.delete(pending)) return;
    this.#env.clearTimeout(pending.timer);
    how();
  }

  #lateness(): ChatError {
    if (!this.#env.online()) return new ChatError(CODE.OFFLINE, 'there is no network', { temporary: true });
    if (!this.#ready) return new ChatError(CODE.NETWORK, 'the server cannot be reached', { temporary: true });
    return new ChatError(CODE.TIMEOUT, 'the server did not answer in time', { temporary: true });
  }

  #pushed(push: Push): void {
    if (push.push !== 'close') return this.#hooks.push(push);
    if (push.reconnect) {
      this.#afterMs = push.afterMs;
    } else if (OWN_FAULTS.has(push.reason)) {
      const err = new ChatError(CODE.NETWORK, `the server closed the connection: ${push.detail || push.reason}`, { reason: push.reason });
      for (const pending of [...this.#pending]) if (pending.on) this.#settle(pending, () => pending.reject(err)); // would end the next line too
    } else {
      this.#end({ reason: push.reason, type: push.type, code: 0, detail: push.detail });
    }
  }

  /** auth or joining failed on a line. */
  #refused(line: Line, err: unknown): void {
    if (err instanceof ChatError && (this.#first || !isTemporary(err))) {
      const first = this.#first !== null;
      if (first) this.#giveUp(err);
      else this.#end({ reason: err.data.reason ?? '', type: '', code: err.code, detail: err.message });
      return;
    }
    if (!(err instanceof LineDown)) this.#env.log(2, 'the greeting failed', err);
    line.close();
  }

  #giveUp(err: Error): void {
    const first = this.#first;
    this.#first = null;
    this.stop(err);
    first?.reject(err);
  }

  #end(why: Ended): void {
    const codes: Record<string, number> = { client_too_old: CODE.CLIENT_TOO_OLD };
    this.stop(new ChatError(why.code || codes[why.reason] || CODE.LOGGED_OUT, why.detail || why.reason, { reason: why.reason }));
    this.#hooks.ended(why);
  }

  #fell(line: Line): void {
    this.#line = null;
    this.#ready = false;
    this.#env.clearTimeout(this.#stable);
    if (!line.wasOpen) this.#closedDoor();
    if (this.#running) this.#scheduleRetry();
  }

  /** Where WebSockets do not get through, something else may; and the other way round. */
  #closedDoor(): void {
    if (++this.#closedDoors < TRIES_BEFORE_FALLBACK || !this.#env.fallback || !this.#env.online()) return;
    this.#closedDoors = 0;
    this.#byFallback = !this.#byFallback;
    this.#env.log(1, this.#byFallback ? 'WebSockets do not get through: trying server-sent events' : 'trying WebSockets again');
  }

  #scheduleRetry(): void {
    const wait = this.#backoff.next();
    const gone = !this.#env.online() || this.#backoff.attempts > TRIES_BEFORE_DISCONNECTED;
    this.#setState(gone ? 'disconnected' : 'connecting');
    this.#retry = this.#env.setTimeout(() => {
      this.#retry = null;
      void this.#open();
    }, this.#afterMs + wait);
  }

  #setState(state: NetState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#hooks.state(state);
  }

  #clearTimers(): void {
    this.#env.clearTimeout(this.#retry);
    this.#env.clearTimeout(this.#stable);
    this.#retry = this.#stable = null;
  }
}
