import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Room, StatusName, StatusRecord } from '../../src/api/types.ts';
import { MockStream } from './media.ts';
import { MockSocket } from './websocket.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.mp4': 'video/mp4', '.m3u8': 'application/vnd.apple.mpegurl', '.ts': 'video/mp2t' };
const CODES: Record<StatusName, number> = { waiting: 1, live: 2, paused: 3, ended: 4, playback: 5 };

/** The policy the Go handler sends, read from its source, so that these tests run under the real one. */
export function contentPolicy(): string {
  const source = readFileSync(join(root, 'headers.go'), 'utf8');
  const block = /strings\.Join\(\[\]string\{([^}]*)\}/.exec(source)?.[1] ?? '';
  return [...block.matchAll(/"([^"]+)"/g)].map((m) => m[1]).join('; ');
}

interface Session {
  socket: MockSocket;
  id: string;
  user: string;
  nick: string;
  anonymous: boolean;
  group: string;
}

/** Stands in for the server: REST, chat and one FLV stream, driven by the test. */
export class MockServer {
  readonly rooms = new Map<string, Room>();
  readonly stream = new MockStream();
  readonly log: Record<string, unknown>[] = [];
  /** Answers a send with this refusal instead of delivering it. */
  refuse: { code: number; error: string } | null = null;
  /** The WebSocket is not offered, as behind a proxy that knows none. */
  noChat = false;
  noFlv = false;
  /** The code of the refusal that answers every play, '' for none. */
  full = '';
  filesFrom = '';
  epoch = 'E1';
  #seq = 0;
  #sessions = new Set<Session>();
  #polls = new Set<() => void>();
  #guests = new Map<string, string>();
  #server: Server;

  constructor() {
    this.#server = createServer((req, res) => void this.#serve(req, res));
    this.#server.on('upgrade', (req, stream) => {
      if (this.noChat || !req.url?.startsWith('/chat')) return void stream.destroy();
      this.#chat(new MockSocket(req, stream));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.stream.stop();
    this.#server.closeAllConnections();
    for (const { socket } of this.#sessions) socket.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  add(id: string, name: StatusName, more: Partial<Room> = {}, status: Partial<StatusRecord> = {}): Room {
    const record: StatusRecord = { room: id, epoch: '01J0', version: 1, code: CODES[name], name, reason: 'created', detail: '', session: '', since: new Date(Date.now() - 42 * 60_000).toISOString(), streamActive: name === 'live', graceUntil: null, playbackUrl: null, ...status };
    const room: Room = { id, groupId: id, stream: id, title: id, anchor: 'alice', notice: '', scheduledAt: null, endAt: null, playAuth: 'signed', online: 0, ...more, status: record };
    this.rooms.set(id, room);
    return room;
  }

  /** A transition: stored, told to the room, and to whoever polls. */
  setStatus(id: string, name: StatusName, reason: string, more: Partial<StatusRecord> = {}): void {
    const room = this.rooms.get(id) as Room;
    room.status = { ...room.status, name, code: CODES[name], reason, version: room.status.version + 1, since: new Date().toISOString(), playbackUrl: null, ...more };
    this.say('administrator', [{ MsgType: 'TIMCustomElem', MsgContent: { Data: JSON.stringify({ type: 'live_status', ...room.status }) } }]);
    for (const answer of this.#polls) answer();
    this.#polls.clear();
  }

  say(from: string, body: string | unknown[], nick = from, random = Math.floor(Math.random() * 2 ** 31)): void {
    const elements = typeof body === 'string' ? [{ MsgType: 'TIMTextElem', MsgContent: { Text: body } }] : body;
    const item = { type: 'message', seq: ++this.#seq, time: Math.floor(Date.now() / 1000), from, nick, avatar: '', priority: 'Normal', random, body: elements, cloudCustomData: '' };
    this.log.push(item);
    this.#push([item]);
  }

  event(event: string, data: unknown): void {
    this.#push([{ type: 'event', event, version: Date.now(), data }]);
  }

  cutChat(): void {
    for (const { socket } of this.#sessions) socket.cut();
  }

  forgetLog(): void {
    this.log.length = 0;
  }

  #push(items: unknown[]): void {
    for (const s of this.#sessions) if (s.group) s.socket.send({ push: 'batch', group: s.group, items });
  }

  #chat(socket: MockSocket): void {
    const session: Session = { socket, id: `S${Math.random().toString(36).slice(2)}`, user: '', nick: '', anonymous: true, group: '' };
    this.#sessions.add(session);
    socket.onClose = () => this.#sessions.delete(session);
    socket.onText = (text) => {
      const frame = JSON.parse(text) as Record<string, never> & { id: number; op: string };
      socket.send({ reply: frame.id, ...this.#answer(session, frame) });
    };
  }

  #answer(session: Session, frame: Record<string, unknown>): Record<string, unknown> {
    switch (frame.op) {
      case 'auth': {
        const nick = this.#guests.get(String(frame.userId));
        if (frame.userSig && nick === undefined) return { code: 70003, error: 'usersig_invalid' };
        Object.assign(session, nick === undefined ? { user: `anon_${session.id}`, nick: '' } : { user: frame.userId, nick, anonymous: false });
        return { code: 0, session: session.id, user: session.user, nick: session.nick, anonymous: session.anonymous, serverTime: Date.now(), pingSeconds: 15 };
      }
      case 'join': {
        const room = [...this.rooms.values()].find((r) => r.groupId === frame.group);
        if (!room) return { code: 10010, error: 'no_group' };
        session.group = room.groupId;
        const seq = frame.epoch === this.epoch ? Number(frame.seq) : 0;
        const messages = this.log.filter((m) => Number(m.seq) > seq);
        const complete = frame.epoch === undefined || (frame.epoch === this.epoch && messages.length === this.#seq - seq);
        return { code: 0, group: room.groupId, role: 'Member', epoch: this.epoch, seq: this.#seq, complete, attributes: { live_status: JSON.stringify(room.status) }, fields: {}, notice: room.notice, count: { members: 1, viewers: 0, online: room.online }, messages };
      }
      case 'send':
        if (this.refuse) return { ...this.refuse, temporary: false };
        setTimeout(() => this.say(session.user, frame.body as unknown[], session.nick, Number(frame.random)), 20);
        return { code: 0, time: Math.floor(Date.now() / 1000), seq: this.#seq + 1 };
      case 'ping':
        return { code: 0, time: Date.now() };
      default:
        return { code: 10004, error: 'bad_parameter' };
    }
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', 'http://mock');
    const json = (value: unknown, status = 200) => res.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' }).end(JSON.stringify(value));
    const api = /^\/api\/v1\/(rooms|guests)(?:\/([^/]+))?(?:\/(\w+))?$/.exec(url.pathname);
    if (api?.[1] === 'guests') {
      let body = '';
      for await (const chunk of req) body += String(chunk);
      const { nick } = JSON.parse(body) as { nick: string };
      if (nick === 'admin') return void json({ code: 'bad_parameter', detail: 'reserved', field: 'nick' }, 422);
      const userId = `guest_${this.#guests.size + 1}`;
      this.#guests.set(userId, nick);
      return void json({ userId, userSig: 'sig', expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
    }
    if (api && !api[2]) return void json({ rooms: [...this.rooms.values()] });
    if (api) {
      const room = this.rooms.get(decodeURIComponent(api[2] as string));
      if (!room) return void json({ code: 'unknown_room', detail: 'no such room' }, 404);
      if (api[3] === 'play') return void json({ play: { flv: `http://${req.headers.host}/live/${room.id}.flv?txSecret=x&txTime=y`, hls: `http://${req.headers.host}/files/live.m3u8` }, expiresAt: '' });
      if (api[3] !== 'status') return void json(room);
      const answer = () => json({ ...room.status, online: room.online });
      if (!url.searchParams.has('wait') || Number(url.searchParams.get('version')) < room.status.version) return void answer();
      this.#polls.add(answer);
      return;
    }
    if (url.pathname.endsWith('.flv')) {
      if (this.noFlv) return void res.writeHead(404).end();
      if (this.full) return void json({ code: this.full, detail: 'the room has as many viewers as it may have; try again in a moment' }, 503);
      return this.stream.serve(req.url ?? '', res);
    }
    this.#file(url.pathname, res);
  }

  #file(path: string, res: ServerResponse): void {
    const name = path.startsWith('/files/') ? join(this.filesFrom, path.slice(7)) : join(root, 'dist', path === '/' ? 'index.html' : /^\/(rooms|embed)\//.test(path) ? 'room.html' : path);
    if (!existsSync(name)) return void res.writeHead(404).end();
    const type = TYPES[extname(name)] ?? 'application/octet-stream';
    res.writeHead(200, { 'Content-Type': type, ...(type === 'text/html' ? { 'Content-Security-Policy': contentPolicy() } : {}) });
    res.end(readFileSync(name));
  }
}
