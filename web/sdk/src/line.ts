import { ChatError, CODE } from './error.ts';
import type { Environment, ErrorData, SocketLike } from './types.ts';
import { parseFrame, type Json, type Push, type Reply } from './wire.ts';

/** The line ended before an answer came. `sent` says whether the server may have seen the request. */
export class LineDown extends Error {
  readonly sent: boolean;
  constructor(sent: boolean) {
    super('the connection ended');
    this.sent = sent;
  }
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(err: Error): void;
  frame: string;
  sent: boolean;
}

export interface LineEvents {
  push(push: Push): void;
  /** Exactly once, also when it never opened. */
  down(): void;
}

const OPEN_MS = 10_000;
const PROBE_MS = 5_000;
const GIVEN_UP = 4000; // a close code of our own: the server takes 1000 for signing out
// Below what the server allows (10 frames a second, 40 at once): what a page says too fast waits here and is not refused there.
const BURST = 30;
const REFILL_MS = 125;
const MAX_QUEUED = 200;
const MAX_FRAME_BYTES = 16 << 10; // the server closes the line over a larger one

/** One connection to the server: requests and their answers, pushes, a heartbeat. It lives once. */
export class Line {
  readonly #env: Environment;
  readonly #socket: SocketLike;
  readonly #events: LineEvents;
  readonly #waiting = new Map<number, Waiting>();
  #queue: number[] = []; // ids of requests that wait for a token
  #tokens = BURST;
  #refilledAt: number;
  #pacer: unknown = null;
  #nextId = 1;
  #heardAt: number;
  #down = false;
  #opened = false;
  #open!: { resolve(): void; reject(err: Error): void };
  #openTimer: unknown;
  #heartbeat: unknown = null;
  #probe: unknown = null;
  readonly opened: Promise<void>;

  constructor(env: Environment, socket: SocketLike, events: LineEvents) {
    this.#env = env;
    this.#socket = socket;
    this.#events = events;
    this.#heardAt = this.#refilledAt = env.now();
    this.opened = new Promise((resolve, reject) => (this.#open = { resolve, reject }));
    this.opened.catch(() => {});
    this.#openTimer = env.setTimeout(() => this.close(), OPEN_MS);
    socket.onopen = () => {
      env.clearTimeout(this.#openTimer);
      this.#opened = !this.#down;
      this.#open.resolve();
    };
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onerror = () => this.#opened || this.close();
    socket.onclose = () => this.#goDown();
  }

  /** Whether it ever opened. */
  get wasOpen(): boolean {
    return this.#opened;
  }

  /** Rejects with a ChatError when refused, with LineDown when the line ended first. */
  request(op: string, fields: Json = {}): Promise<Reply> {
    if (this.#down) return Promise.reject(new LineDown(false));
    if (this.#queue.length >= MAX_QUEUED) return Promise.reject(new ChatError(CODE.TOO_OFTEN, 'too many requests at once', { temporary: true }));
    const id = this.#nextId++;
    const frame = JSON.stringify({ id, op, ...fields });
    if (utf8Bytes(frame) > MAX_FRAME_BYTES) return Promise.reject(new ChatError(CODE.TOO_BIG, 'a request may have 16 KiB, a message 12'));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, frame, sent: false });
      this.#queue.push(id);
      this.#drain();
    });
  }

  /** Whenever nothing was heard for `everySeconds`, asks; without an answer the line is given up. */
  keepAlive(everySeconds: number): void {
    const everyMs = Math.min(Math.max(everySeconds, 2), 120) * 1000;
    const beat = () => {
      if (this.#down) return;
      if (this.#env.now() - this.#heardAt >= everyMs - 50) this.probe();
      this.#heartbeat = this.#env.setTimeout(beat, everyMs);
    };
    this.#env.clearTimeout(this.#heartbeat);
    this.#heartbeat = this.#env.setTimeout(beat, everyMs);
  }

  /** Finds out whether the line still lives: after sleep, or on another network, nobody tells. */
  probe(): void {
    if (this.#down || !this.#opened || this.#probe !== null) return;
    this.#probe = this.#env.setTimeout(() => this.close(), PROBE_MS);
    this.#write(JSON.stringify({ id: this.#nextId++, op: 'ping' })); // anything that is heard answers it
  }

  /** With 1000 the user signs out; else the line alone is given up. */
  close(code = GIVEN_UP): void {
    if (this.#down) return;
    try {
      this.#socket.close(code);
    } catch {
      // It was never open.
    }
    this.#goDown(); // on a dead network the socket's own close event may take minutes
  }

  #drain(): void {
    this.#pacer = null;
    if (this.#down) return;
    const now = this.#env.now();
    const refill = Math.max(0, Math.floor((now - this.#refilledAt) / REFILL_MS));
    this.#refilledAt += refill * REFILL_MS;
    if (now < this.#refilledAt - REFILL_MS) this.#refilledAt = now; // the clock was set back
    this.#tokens = Math.min(BURST, this.#tokens + refill);
    while (this.#tokens > 0 && this.#queue.length > 0) {
      const waiting = this.#waiting.get(this.#queue.shift() as number);
      if (!waiting) continue;
      this.#tokens--;
      waiting.sent = true;
      this.#write(waiting.frame);
    }
    if (this.#queue.length > 0) this.#pacer ??= this.#env.setTimeout(() => this.#drain(), REFILL_MS);
  }

  #write(frame: string): void {
    try {
      this.#socket.send(frame);
    } catch {
      this.close();
    }
  }

  #receive(data: unknown): void {
    if (this.#down) return;
    this.#heardAt = this.#env.now();
    this.#env.clearTimeout(this.#probe);
    this.#probe = null;
    const frame = parseFrame(data);
    if (!frame) return;
    if (frame.push) return this.#events.push(frame.push);
    const waiting = this.#waiting.get(frame.reply.reply);
    if (!waiting) return;
    this.#waiting.delete(frame.reply.reply);
    if (frame.reply.code === 0) waiting.resolve(frame.reply);
    else waiting.reject(refusal(frame.reply));
  }

  #goDown(): void {
    if (this.#down) return;
    this.#down = true;
    for (const timer of [this.#openTimer, this.#heartbeat, this.#probe, this.#pacer]) this.#env.clearTimeout(timer);
    this.#open.reject(new LineDown(false));
    for (const waiting of this.#waiting.values()) waiting.reject(new LineDown(waiting.sent));
    this.#waiting.clear();
    this.#queue = [];
    this.#events.down();
  }
}

/** Without TextEncoder, which mini-programs lack. */
function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1; // each half of a pair is two of its four
  }
  return bytes;
}

/** A refusal of the server, its number kept. */
function refusal(reply: Reply): ChatError {
  const data: ErrorData = { reason: reply.error ?? '', temporary: reply.temporary === true };
  if (typeof reply.until === 'number') data.until = reply.until;
  if (typeof reply.nextAt === 'number') data.nextAt = reply.nextAt;
  if (typeof reply.field === 'string') data.field = reply.field;
  return new ChatError(reply.code, reply.detail || reply.error || `the server refused with ${reply.code}`, data);
}
