import type { SocketLike } from '../../src/chat/socket.ts';

export interface Sent {
  id: number;
  op: string;
  [field: string]: unknown;
}

/** A WebSocket without network. `answer` replies to each request at the next microtask; null keeps silent. */
export class FakeSocket implements SocketLike {
  onopen: ((ev: never) => unknown) | null = null;
  onmessage: ((ev: MessageEvent) => unknown) | null = null;
  onclose: ((ev: never) => unknown) | null = null;
  onerror: ((ev: never) => unknown) | null = null;
  readonly sent: Sent[] = [];
  closed = false;
  answer: (frame: Sent) => Record<string, unknown> | null;

  constructor(answer: (frame: Sent) => Record<string, unknown> | null = () => ({ code: 0 })) {
    this.answer = answer;
  }

  open(): void {
    this.onopen?.(undefined as never);
  }

  send(data: string): void {
    const frame = JSON.parse(data) as Sent;
    this.sent.push(frame);
    const reply = this.answer(frame);
    if (reply) queueMicrotask(() => this.push({ reply: frame.id, ...reply }));
  }

  push(value: unknown): void {
    this.raw(JSON.stringify(value));
  }

  raw(data: unknown): void {
    this.onmessage?.({ data } as MessageEvent);
  }

  /** The line falls. */
  fall(): void {
    this.onclose?.(undefined as never);
  }

  close(): void {
    this.closed = true;
  }

  requests(op: string): Sent[] {
    return this.sent.filter((frame) => frame.op === op);
  }
}
