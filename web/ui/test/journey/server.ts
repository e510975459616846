import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../sdk/test/server/port.ts';

const binary = process.env.LIVEROOM_BINARY ?? new URL('../../../../bin/liveroom', import.meta.url).pathname;

export interface RoomStatus {
  name: string;
  version: number;
  session: string;
  online: number;
}

/** What the nodes of a cluster share: a Redis of their own, which keeps nothing, and their secrets. */
export class Shared {
  private constructor(
    readonly url: string,
    readonly secrets: NodeJS.ProcessEnv,
    private redis: ChildProcess,
  ) {}

  static async start(): Promise<Shared> {
    const port = await freePort();
    const redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']);
    const lines = execFileSync(binary, ['secrets'], { encoding: 'utf8' }).matchAll(/^([A-Z_]+)=(.*)$/gm);
    return new Shared(`redis://127.0.0.1:${port}`, Object.fromEntries([...lines].map(([, name, value]) => [name, value])), redis);
  }

  stop(): void {
    this.redis.kill('SIGKILL');
  }
}

/** The real program, as `make run` starts it, on free ports; what it prints for a newcomer is read as a newcomer would. */
export class Liveroom {
  base = '';
  pushUrl = '';
  /** The link that a bare install prints. */
  adminLink = '';
  private process!: ChildProcess;
  private folder = mkdtempSync(join(tmpdir(), 'liveroom-'));
  private args: string[] = [];
  private env = process.env;

  /** Without a demo: nothing is there but what the terminal says. */
  static bare(): Promise<Liveroom> {
    return Liveroom.start(undefined, []);
  }

  static async start(shared?: Shared, more: string[] = ['--demo']): Promise<Liveroom> {
    const server = new Liveroom();
    const [http, rtmp, ops] = [await freePort(), await freePort(), await freePort()];
    server.args = [
      'serve', ...more, '--data', server.folder, '--http', `127.0.0.1:${http}`, '--rtmp', `127.0.0.1:${rtmp}`, '--ops', `127.0.0.1:${ops}`,
      '--public-url', `http://127.0.0.1:${http}`, '--public-rtmp-url', `rtmp://127.0.0.1:${rtmp}`,
    ];
    if (shared) {
      server.args.push('--redis', shared.url, '--node', `n${http}`, '--internal-url', `http://127.0.0.1:${http}`);
      server.env = { ...process.env, ...shared.secrets };
    }
    await server.run();
    return server;
  }

  private async run(): Promise<void> {
    let output = '';
    const ready = this.args.includes('--demo') ? 'Stop with Ctrl-C' : this.adminLink === '' ? 'good once' : '';
    this.process = spawn(binary, this.args, { env: this.env });
    await new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer) => {
        output += chunk;
        if (output.includes(ready) && output.includes('msg=serving')) resolve();
      };
      this.process.stdout?.on('data', read);
      this.process.stderr?.on('data', read);
      this.process.on('exit', () => reject(new Error(`liveroom ended:\n${output}`)));
    });
    this.base = `http://${this.args[this.args.indexOf('--http') + 1]}`;
    this.adminLink = /Admin: +(\S+)/.exec(output)?.[1] ?? this.adminLink;
    this.pushUrl = /-f flv '(rtmp:[^']+)'/.exec(output)?.[1] ?? '';
  }

  /** Drives the demo room as a business backend does. */
  drive(action: string, body: object = {}): Promise<RoomStatus> {
    return this.api('POST', `/rooms/demo/${action}`, body) as Promise<RoomStatus>;
  }

  /** The API token. */
  get token(): string {
    return /^api-token: (\S+)$/m.exec(readFileSync(join(this.folder, 'secrets.yaml'), 'utf8'))?.[1] ?? '';
  }

  /** Calls the REST API as a business backend does. */
  async api(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await fetch(`${this.base}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  /** What stands behind a page's address for a user whom a site signed in. */
  signIn(user: string, expires = '24h'): string {
    const sig = execFileSync(binary, ['usersig', '--user', user, '--expires', expires, '--data', this.folder], { encoding: 'utf8' }).trim();
    return `#${new URLSearchParams({ user, sig })}`;
  }

  async status(): Promise<RoomStatus> {
    return (await (await fetch(`${this.base}/api/v1/rooms/demo/status`)).json()) as RoomStatus;
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    this.process.removeAllListeners('exit');
    const gone = once(this.process, 'exit');
    this.process.kill(signal);
    await gone;
  }

  /** As when the power fails; `restart` it with what is on its disk. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  restart(): Promise<void> {
    return this.run();
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
    rmSync(this.folder, { recursive: true });
  }
}

/** ffmpeg as the terminal says it, with a picture small and slow enough for a busy machine, on which pages draw it without a graphics card. */
export function push(url: string, size = '320x180'): ChildProcess & { said: () => string } {
  const ffmpeg = spawn('ffmpeg', [
    ...`-hide_banner -loglevel warning -re -f lavfi -i testsrc2=size=${size}:rate=15 -f lavfi -i sine=frequency=440`.split(' '),
    ...'-c:v libx264 -preset ultrafast -tune zerolatency -b:v 300k -g 15 -pix_fmt yuv420p -c:a aac -b:a 64k -f flv'.split(' '),
    url,
  ]);
  let said = '';
  ffmpeg.stderr.on('data', (chunk) => (said += chunk));
  return Object.assign(ffmpeg, { said: () => said });
}
