import { parseCommand, type Command } from './command.ts';

/** What became of a command: '' done, else why not. */
export type Outcome = '' | 'needs_press' | 'signature_refused' | 'busy' | 'failed' | 'not_ready';

export interface Ear {
  addEventListener(type: 'message', listener: (ev: MessageEvent) => void): void;
  removeEventListener(type: 'message', listener: (ev: MessageEvent) => void): void;
}

export interface BridgeOptions {
  own: Ear;
  /** The page around the frame. */
  parent: Pick<Window, 'postMessage'>;
  act(command: Exclude<Command, { type: 'liveroom:hello' }>): Promise<Outcome>;
  /** ms, of a clock that nobody sets. */
  clock?: () => number;
}

export type Told = { type: 'liveroom:ready' | 'liveroom:absent' | 'liveroom:status' | 'liveroom:player'; room: string; [more: string]: unknown };

const MOST = 20; // commands in WINDOW_MS
const WINDOW_MS = 1000;

/**
 * The frame's side of the talk with the page around it. What it tells everybody who frames a room may know, so it goes to
 * whatever origin that is; an answer goes to the origin that asked. It listens to the window around it and no other.
 */
export class Bridge {
  readonly #o: Required<BridgeOptions>;
  readonly #last = new Map<Told['type'], string>();
  #begun = -Infinity;
  #count = 0;

  constructor(options: BridgeOptions) {
    this.#o = { clock: () => performance.now(), ...options };
    this.#o.own.addEventListener('message', this.#hear);
  }

  stop(): void {
    this.#o.own.removeEventListener('message', this.#hear);
  }

  /** Tells how things are; the same again is not told. */
  tell(what: Told): void {
    const text = JSON.stringify(what);
    if (this.#last.get(what.type) === text) return;
    this.#last.delete(what.type); // the newest is last
    this.#last.set(what.type, text);
    this.#o.parent.postMessage(what, '*');
  }

  #hear = (ev: MessageEvent): void => {
    if (ev.source !== this.#o.parent) return;
    const parsed = parseCommand(ev.data);
    if (!parsed) return;
    const answer = (to: string, error: string, field = '') => {
      const origin = ev.origin === 'null' || ev.origin === '' ? '*' : ev.origin;
      this.#o.parent.postMessage({ type: 'liveroom:answer', to, id: parsed.id, ok: error === '', ...(error ? { error } : {}), ...(field ? { field } : {}) }, origin);
    };
    if ('refused' in parsed) return answer(parsed.to, this.#many() ? 'too_fast' : parsed.refused, parsed.field);
    const { command } = parsed;
    if (this.#many()) return answer(command.type, 'too_fast');
    if (command.type === 'liveroom:hello') {
      for (const text of this.#last.values()) this.#o.parent.postMessage(JSON.parse(text), '*');
      return answer(command.type, '');
    }
    void this.#o.act(command).then(
      (outcome) => answer(command.type, outcome),
      () => answer(command.type, 'failed'),
    );
  };

  #many(): boolean {
    const now = this.#o.clock();
    if (now - this.#begun >= WINDOW_MS) {
      this.#begun = now;
      this.#count = 0;
    }
    return ++this.#count > MOST;
  }
}
