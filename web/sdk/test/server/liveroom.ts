import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '../../src/create.ts';
import type { Chat } from '../../src/chat.ts';
import { EVENT } from '../../src/constants.ts';
import type { CreateOptions, Environment, Message } from '../../src/types.ts';
import { freePort } from './port.ts';
import { Network } from './websocket.ts';

const binary = process.env.LIVEROOM_BINARY ?? new URL('../../../../bin/liveroom', import.meta.url).pathname;
let nextApp = 1000;

/** The real program with secrets of its own, on free ports, which keep through its restarts. */
export class Liveroom {
  readonly #folder = mkdtempSync(join(tmpdir(), 'liveroom-sdk-'));
  readonly #env: NodeJS.ProcessEnv;
  readonly #flags: string[];
  readonly #made: Chat[] = [];
  #process!: ChildProcess;
  base = '';

  private constructor(flags: string[]) {
    this.#flags = flags;
    const secrets = execFileSync(binary, ['secrets'], { encoding: 'utf8' });
    this.#env = { ...process.env, ...Object.fromEntries([...secrets.matchAll(/^(LIVEROOM_\w+)=(.*)$/gm)].map(([, name, value]) => [name, value])) };
  }

  static async start(...flags: string[]): Promise<Liveroom> {
    const server = new Liveroom(flags);
    server.base = `http://127.0.0.1:${await freePort()}`;
    await server.run();
    return server;
  }

  async run(): Promise<void> {
    const http = this.base.replace('http://', '');
    const child = spawn(binary, ['serve', '--data', this.#folder, '--http', http, '--rtmp', '127.0.0.1:0', '--ops', '', '--public-url', this.base, ...this.#flags], { env: this.#env });
    this.#process = child;
    let output = '';
    const ended = new Promise<never>((_, reject) => child.on('exit', () => reject(new Error(`liveroom ended:\n${output}`))));
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    await Promise.race([ended, this.#ready()]);
  }

  async #ready(): Promise<void> {
    while (!(await fetch(`${this.base}/readyz`).then((answer) => answer.ok, () => false))) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  userSig(user: string, expires = '1h'): string {
    return execFileSync(binary, ['usersig', '--user', user, '--expires', expires], { env: this.#env, encoding: 'utf8' }).trim();
  }

  /** The REST API as a business backend uses it. */
  async api(method: string, path: string, body?: unknown): Promise<any> {
    const answer = await fetch(`${this.base}/api/v1${path}`, {
      method, headers: { authorization: `Bearer ${this.#env.LIVEROOM_API_TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const said = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${said}`);
    return said === '' ? undefined : JSON.parse(said);
  }

  /** A room of anna's. */
  async room(id: string): Promise<void> {
    await this.api('POST', '/rooms', { id, title: `Room ${id}`, anchor: 'anna', notice: 'be kind' });
  }

  /** An instance of the SDK, every event of which is written down. */
  client(options: Partial<CreateOptions> = {}, environment: Partial<Environment> = {}): Client {
    const network = new Network();
    const chat = create({ SDKAppID: nextApp++, host: this.base, ...options, environment: { socket: network.socket, log: () => {}, ...environment } });
    this.#made.push(chat);
    return new Client(chat, network, this);
  }

  async user(userID: string, options: Partial<CreateOptions> = {}, environment: Partial<Environment> = {}): Promise<Client> {
    const client = this.client(options, environment);
    await client.login(userID);
    return client;
  }

  /** A user in a room. */
  async member(userID: string, groupID: string): Promise<Client> {
    const client = await this.user(userID);
    await client.chat.joinGroup({ groupID });
    return client;
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    this.#process.removeAllListeners('exit');
    const gone = once(this.#process, 'exit');
    this.#process.kill(signal);
    await gone;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#made.map((chat) => chat.destroy()));
    await this.kill('SIGTERM');
    rmSync(this.#folder, { recursive: true });
  }
}

export class Client {
  readonly chat: Chat;
  readonly network: Network;
  readonly events: { name: string; data: any }[] = [];
  readonly #server: Liveroom;

  constructor(chat: Chat, network: Network, server: Liveroom) {
    this.chat = chat;
    this.network = network;
    this.#server = server;
    for (const name of new Set(Object.values(EVENT))) chat.on(name, ({ name, data }) => void this.events.push({ name, data }));
  }

  async login(userID: string, expires?: string): Promise<void> {
    const ready = this.next(EVENT.SDK_READY);
    await this.chat.login({ userID, userSig: this.#server.userSig(userID, expires) });
    await ready;
  }

  of(name: string): any[] {
    return this.events.filter((e) => e.name === name).map((e) => e.data);
  }

  messages(): Message[] {
    return (this.of(EVENT.MESSAGE_RECEIVED) as Message[][]).flat();
  }

  /** What people said, in order. */
  texts(): string[] {
    return this.messages().filter((m) => m.type === 'TIMTextElem').map((m) => m.payload.text);
  }

  say(said: string, to: string): Promise<Message> {
    const message = this.chat.createTextMessage({ to, conversationType: 'GROUP', payload: { text: said } });
    return this.chat.sendMessage(message).then(({ data }) => data.message);
  }

  next(name: string): Promise<any> {
    return new Promise((resolve) => {
      const handler = ({ data }: { data: unknown }) => (this.chat.off(name, handler), resolve(data));
      this.chat.on(name, handler);
    });
  }
}

/** What a promise was rejected with. */
export const refused = (promise: Promise<unknown>): Promise<any> =>
  promise.then((value) => { throw new Error(`it succeeded: ${JSON.stringify(value)}`); }, (err) => err);
