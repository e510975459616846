import { spawn, type ChildProcess } from 'node:child_process';
import type { ServerResponse } from 'node:http';

interface Tag {
  type: number;
  time: number;
  body: Buffer;
}

/** One stream as the server keeps it: a session clock over encoders that come and go, headers and the last GOP for late joiners. */
export class MockStream {
  readonly #viewers = new Set<ServerResponse>();
  #encoder: ChildProcess | null = null;
  #headers = new Map<string, Tag>();
  #gop: Tag[] = [];
  #began = Date.now();
  requests: string[] = [];

  /** Starts an encoder. Its timestamps go on with the session's clock. */
  push(size = '320x180', source = 'testsrc2'): void {
    const offset = Date.now() - this.#began;
    const encoder = spawn(
      'ffmpeg',
      `-loglevel error -re -f lavfi -i ${source}=s=${size}:r=25 -f lavfi -i sine=f=440 -c:v libx264 -preset ultrafast -tune zerolatency -g 25 -pix_fmt yuv420p -c:a aac -flush_packets 1 -f flv pipe:1`.split(' '),
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.#encoder = encoder;
    let rest = Buffer.alloc(0);
    let skip = 13; // the FLV header and the first back pointer
    encoder.stdout.on('data', (data: Buffer) => {
      rest = Buffer.concat([rest, data]);
      if (skip > 0 && rest.length >= skip) {
        rest = rest.subarray(skip);
        skip = 0;
      }
      while (skip === 0 && rest.length >= 11) {
        const size = rest.readUIntBE(1, 3);
        if (rest.length < 15 + size) break;
        const time = rest.readUIntBE(4, 3) + ((rest[7] as number) << 24) + offset;
        this.#take({ type: rest[0] as number, time, body: Buffer.from(rest.subarray(11, 11 + size)) });
        rest = rest.subarray(15 + size);
      }
    });
  }

  /** The encoder is gone; viewers stay connected. */
  stop(): void {
    this.#encoder?.kill('SIGKILL');
    this.#encoder = null;
  }

  /** Every viewer's connection breaks. */
  cutViewers(): void {
    for (const viewer of this.#viewers) viewer.destroy();
    this.#viewers.clear();
  }

  serve(url: string, response: ServerResponse): void {
    this.requests.push(url);
    response.writeHead(200, { 'Content-Type': 'video/x-flv', 'Cache-Control': 'no-store' });
    response.write(Buffer.from([0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]));
    for (const tag of [...this.#headers.values(), ...this.#gop]) response.write(encode(tag));
    this.#viewers.add(response);
    response.on('close', () => this.#viewers.delete(response));
  }

  #take(tag: Tag): void {
    const first = tag.body[0] ?? 0;
    const keyframe = tag.type === 9 && first >> 4 === 1;
    if (tag.type === 18) this.#headers.set('meta', tag);
    else if (tag.body[1] === 0 && tag.type === 9) {
      this.#headers.set('video', tag);
      this.#gop = [];
    } else if (tag.body[1] === 0 && tag.type === 8) this.#headers.set('audio', tag);
    else {
      if (keyframe) this.#gop = [];
      this.#gop.push(tag);
    }
    const bytes = encode(tag);
    for (const viewer of this.#viewers) viewer.write(bytes);
  }
}

function encode({ type, time, body }: Tag): Buffer {
  const out = Buffer.alloc(body.length + 15);
  out[0] = type;
  out.writeUIntBE(body.length, 1, 3);
  out.writeUIntBE(time & 0xffffff, 4, 3);
  out[7] = time >>> 24;
  body.copy(out, 11);
  out.writeUInt32BE(body.length + 11, body.length + 11);
  return out;
}
