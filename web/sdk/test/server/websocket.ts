import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import type { SocketLike } from '../../src/types.ts';

/** What a network does to lines, for all sockets made with it. */
export class Network {
  readonly #lines = new Set<NodeSocket>();
  /** Nobody gets through. */
  down = false;

  readonly socket = (url: string): SocketLike => new NodeSocket(url, this.down, this.#lines);

  /** Every line ends without a word. */
  cut(): void {
    for (const line of [...this.#lines]) line.lose();
  }
}

/** A WebSocket client of a page of code, for Node 20, which has none: text frames, no extensions. */
class NodeSocket implements SocketLike {
  onopen: SocketLike['onopen'] = null;
  onmessage: SocketLike['onmessage'] = null;
  onclose: SocketLike['onclose'] = null;
  onerror: SocketLike['onerror'] = null;
  readonly #lines: Set<NodeSocket>;
  #socket: Socket | null = null;
  #input = Buffer.alloc(0);
  #ended = false;

  constructor(url: string, down: boolean, lines: Set<NodeSocket>) {
    this.#lines = lines;
    const { hostname, port, pathname } = new URL(url);
    const upgrade = request({
      hostname, port: down ? 1 : port, path: pathname,
      headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': randomBytes(16).toString('base64') },
    });
    upgrade.on('error', () => this.lose());
    upgrade.on('response', (answer) => (answer.resume(), this.lose()));
    upgrade.on('upgrade', (_, socket: Socket, head: Buffer) => {
      if (this.#ended) return void socket.destroy();
      this.#socket = socket.setNoDelay(true);
      lines.add(this);
      socket.on('data', (chunk) => this.#read(chunk));
      socket.on('error', () => this.lose());
      socket.on('close', () => this.lose());
      this.onopen?.({});
      if (head.length > 0) this.#read(head);
    });
    upgrade.end();
  }

  send(data: string): void {
    if (!this.#socket || this.#ended) throw new Error('not open');
    this.#write(1, Buffer.from(data));
  }

  close(code = 1000): void {
    if (this.#socket && !this.#ended) this.#write(8, Buffer.from([code >> 8, code & 255]));
    this.lose();
  }

  lose(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#lines.delete(this);
    this.#socket?.end();
    this.onclose?.({});
  }

  #write(opcode: number, payload: Buffer): void {
    const mask = randomBytes(4);
    const head = payload.length < 126 ? Buffer.from([0x80 | opcode, 0x80 | payload.length]) : Buffer.from([0x80 | opcode, 0xfe, payload.length >> 8, payload.length & 255]);
    this.#socket?.write(Buffer.concat([head, mask, payload.map((byte, i) => byte ^ (mask[i & 3] as number))]));
  }

  #read(chunk: Buffer): void {
    this.#input = Buffer.concat([this.#input, chunk]);
    while (this.#input.length >= 2) {
      const opcode = (this.#input[0] as number) & 15;
      let length = (this.#input[1] as number) & 127;
      let start = 2;
      if (length === 126) {
        if (this.#input.length < 4) return;
        length = this.#input.readUInt16BE(2);
        start = 4;
      } else if (length === 127) {
        if (this.#input.length < 10) return;
        length = Number(this.#input.readBigUInt64BE(2));
        start = 10;
      }
      if (this.#input.length < start + length) return;
      const payload = this.#input.subarray(start, start + length);
      this.#input = this.#input.subarray(start + length);
      if (opcode === 1) this.onmessage?.({ data: payload.toString() });
      else if (opcode === 9) this.#write(10, payload);
      else if (opcode === 8) return this.lose();
      if (this.#ended) return;
    }
  }
}
