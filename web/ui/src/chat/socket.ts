import { parseFrame, type Frame, type Reply } from './wire.ts';

/** The part of WebSocket that is used, so that tests can stand in for the network. */
export interface SocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((ev: never) => unknown) | null;
  onmessage: ((ev: MessageEvent) => unknown) | null;
  onclose: ((ev: never) => unknown) | null;
  onerror: ((ev: never) => unknown) | null;
}

/** The server said no: `code` is Tencent's number, `word` the server's stable word. */
export class ChatError extends Error {
  readonly code: number;
  readonly word: string;
  readonly temporary: boolean;
  constructor(code: number, word: string, detail = '', temporary = false) {
    super(detail || word);
    this.name = 'ChatError';
    this.code = code;
    this.word = word;
    this.temporary = temporary;
  }
}

export interface SocketEvents {
  onPush(frame: Exclude<Frame, { kind: 'reply' }>): void;
  /** Called once, whoever closed it. */
  onDown(): void;
}

const REPLY_TIMEOUT_MS = 10_000;
const OPEN_TIMEOUT_MS = 10_000;

interface Waiting {
  resolve(reply: Reply): void;
  reject(err: ChatError): void;
  timer: ReturnType<typeof setTimeout>;
}

/** One WebSocket: numbered requests with their answers, pushes, and a heartbeat that notices a dead line. */
export class ChatSocket {
  readonly #socket: SocketLike;
  readonly #events: SocketEvents;
  readonly #waiting = new Map<number, Waiting>();
  readonly #opened: Promise<void>;
  #openFailed: (err: ChatError) => void = () => {};
  readonly #openTimer: ReturnType<typeof setTimeout>;
  #nextId = 1;
  #heard = Date.now();
  #heartbeat: ReturnType<typeof setInterval> | null = null;
  #down = false;

  constructor(socket: SocketLike, events: SocketEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#openTimer = setTimeout(() => this.close(), OPEN_TIMEOUT_MS);
    this.#opened = new Promise((resolve, reject) => {
      this.#openFailed = reject;
      socket.onopen = () => {
        clearTimeout(this.#openTimer);
        resolve();
      };
    });
    this.#opened.catch(() => {}); // whoever awaits it hears of it
    socket.onmessage = (ev) => this.#receive(ev.data);
    socket.onclose = () => this.#goDown();
    socket.onerror = () => this.close();
  }

  opened(): Promise<void> {
    return this.#opened;
  }

  request(op: string, fields: Record<string, unknown> = {}, timeoutMs = REPLY_TIMEOUT_MS): Promise<Reply> {
    if (this.#down) return Promise.reject(new ChatError(0, 'offline'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new ChatError(0, 'no_answer', '', true));
      }, timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      try {
        this.#socket.send(JSON.stringify({ id, op, ...fields }));
      } catch {
        this.close();
      }
    });
  }

  /** Pings whenever nothing was heard for `seconds`; a ping without answer closes. */
  keepAlive(seconds: number): void {
    const everyMs = Math.min(Math.max(seconds, 2), 120) * 1000;
    if (this.#heartbeat) clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => {
      if (Date.now() - this.#heard >= everyMs) this.probe();
    }, everyMs);
  }

  /** Finds out whether the line still lives: after sleep or a change of network the browser may not know. */
  probe(timeoutMs = 5000): void {
    this.request('ping', {}, timeoutMs).catch((err: ChatError) => {
      if (err.word === 'no_answer') this.close();
    });
  }

  close(): void {
    if (this.#down) return;
    try {
      this.#socket.close();
    } catch {
      // Was never open.
    }
    this.#goDown(); // a dead network may hold back the browser's own close event for minutes
  }

  #receive(data: unknown): void {
    if (this.#down) return;
    this.#heard = Date.now();
    const frame = parseFrame(data);
    if (!frame) return;
    if (frame.kind !== 'reply') return this.#events.onPush(frame);
    const waiting = this.#waiting.get(frame.reply.reply);
    if (!waiting) return;
    this.#waiting.delete(frame.reply.reply);
    clearTimeout(waiting.timer);
    const { code, error, detail, temporary } = frame.reply;
    if (code === 0) waiting.resolve(frame.reply);
    else waiting.reject(new ChatError(code, error ?? '', detail ?? '', temporary === true));
  }

  #goDown(): void {
    if (this.#down) return;
    this.#down = true;
    clearTimeout(this.#openTimer);
    if (this.#heartbeat) clearInterval(this.#heartbeat);
    const offline = new ChatError(0, 'offline', '', true);
    this.#openFailed(offline);
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.reject(offline);
    }
    this.#waiting.clear();
    this.#events.onDown();
  }
}
