import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** The server's end of one WebSocket, as little as tests need: whole text frames up to 64 KiB. */
export class MockSocket {
  onText: (text: string) => void = () => {};
  onClose: () => void = () => {};
  readonly #stream: Duplex;
  #buffer = Buffer.alloc(0);

  constructor(request: IncomingMessage, stream: Duplex) {
    this.#stream = stream;
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    stream.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    stream.on('data', (data: Buffer) => this.#read(data));
    stream.on('error', () => {});
    stream.on('close', () => this.onClose());
  }

  send(value: unknown): void {
    const body = Buffer.from(JSON.stringify(value));
    const head =
      body.length < 126 ? Buffer.from([0x81, body.length]) : Buffer.from([0x81, 126, body.length >> 8, body.length & 255]);
    if (!this.#stream.destroyed && this.#stream.writable) this.#stream.write(Buffer.concat([head, body]));
  }

  /** Ends without a goodbye, as a network does. */
  cut(): void {
    this.#stream.destroy();
  }

  #read(data: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    for (;;) {
      const b = this.#buffer;
      if (b.length < 6) return;
      const short = (b[1] as number) & 127;
      const at = short === 126 ? 4 : 2;
      const length = short === 126 ? b.readUInt16BE(2) : short;
      if (b.length < at + 4 + length) return;
      const mask = b.subarray(at, at + 4);
      const body = Buffer.from(b.subarray(at + 4, at + 4 + length));
      for (let i = 0; i < body.length; i++) body[i] = (body[i] as number) ^ (mask[i & 3] as number);
      this.#buffer = b.subarray(at + 4 + length);
      const op = (b[0] as number) & 15;
      if (op === 8) return void this.#stream.end();
      if (op === 1) this.onText(body.toString());
    }
  }
}
