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

/** The file of a page's address, as the Go handler has it; any other path is itself. */
function documentOf(path: string): string {
  if (path === '/') return 'index.html';
  const page = /^\/(rooms|embed|anchor|admin|ui)(\/|$)/.exec(path)?.[1];
  return page ? `${page === 'rooms' ? 'room' : page}.html` : path;
}

interface Session {
  socket: MockSocket;
  id: string;
  user: string;
  nick: string;
  avatar: string;
  anonymous: boolean;
  group: string;
}

const FOREVER = 4294967295;

/** Stands in for the server: REST, chat and one FLV stream, driven by the test. */
export class MockServer {
  readonly rooms = new Map<string, Room>();
  readonly stream = new MockStream();
  readonly log: Record<string, unknown>[] = [];
  /** Answers a send or a follow with this refusal instead of doing it. */
  refuse: { code: number; error: string; [more: string]: unknown } | null = null;
  /** Users of the site, by their UserSig; a guest's is "sig". */
  readonly users = new Map<string, { nick: string; avatar: string; sig: string }>();
  /** Who is kept out, until when. */
  readonly banned = new Map<string, number>();
  readonly muted = new Map<string, number>();
  readonly settings = { introduction: '', avatar: '', muteAll: false, slowMode: 0, guestsSpeak: true, uploads: 'none' };
  /** Takes messages in and tells nobody, as the limiter does with what is too much. */
  dropping = false;
  /** Ops of moderators, as they came. */
  readonly acts: Record<string, unknown>[] = [];
  readonly uploads = new Map<string, Buffer>();
  /** The WebSocket is not offered, as behind a proxy that knows none. */
  noChat = false;
  noFlv = false;
  /** The code of the refusal that answers every play, '' for none. */
  full = '';
  filesFrom = '';
  /** A recording of ours is what rooms play back: vod.m3u8 of the files. */
  playback: Record<string, unknown> | null = null;
  /** What was said in it, by ms; and what was asked for. */
  said: { at: number; from: string; text: string }[] = [];
  readonly asked: string[] = [];
  /** How far back live may be watched. */
  timeShift: { from: string; window: string } | null = null;
  /** Play sessions of recordings that are over. */
  readonly over = new Set<string>();
  /** What lists of rooms and statuses were asked for. */
  readonly lists: string[] = [];
  /** Lists of rooms are refused. */
  noLists = false;
  /** What is recorded just now, as the anchor is told. */
  recording: Record<string, unknown> | null = null;
  #plays = 0;
  epoch = 'E1';
  /** The catalogue; empty: this server offers no gifts. */
  gifts: Record<string, unknown>[] = [];
  /** Refuses gifts in these words. */
  giftRefusal = '';
  giftError = 'gift_refused';
  /** Leaves orders pending until settle. */
  pending = false;
  readonly orders: Record<string, unknown>[] = [];
  counters: Record<string, number> = {};
  readonly levels = new Map<string, { level: number; badge: string }>();
  readonly followed = new Set<string>();
  followers = 0;
  ranking: Record<string, unknown>[] = [];
  draw: Record<string, unknown> | null = null;
  summary: Record<string, unknown> | null = null;
  recommendations: { id: string; reasons: string[] }[] = [];
  #held: unknown[] | null = null;
  #seq = 0;
  #version = Date.now();
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
    const record: StatusRecord = { room: id, epoch: '01J0', version: 1, code: CODES[name], name, reason: 'created', detail: '', session: '', since: new Date(Date.now() - 42 * 60_000).toISOString(), streamActive: name === 'live', graceUntil: null, playbackUrl: null, ...status } as StatusRecord; // where it has a delay: as text, as on the wire
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

  say(from: string, body: string | unknown[], nick = from, random = Math.floor(Math.random() * 2 ** 31), avatar = ''): void {
    const elements = typeof body === 'string' ? [{ MsgType: 'TIMTextElem', MsgContent: { Text: body } }] : body;
    const item = { type: 'message', seq: ++this.#seq, time: Math.floor(Date.now() / 1000), from, nick, avatar, priority: 'Normal', random, body: elements, cloudCustomData: '', ...this.levels.get(from) };
    this.log.push(item);
    if (this.#held) this.#held.push(item);
    else this.#push([item]);
  }

  /** What is said within goes out as one batch, as the real one's ticks send it. */
  together(say: () => void): void {
    this.#held = [];
    say();
    const items = this.#held;
    this.#held = null;
    this.#push(items);
  }

  /** A custom message; without a sender the server's own. */
  tell(data: Record<string, unknown>, from = 'administrator', nick = ''): void {
    this.say(from, [{ MsgType: 'TIMCustomElem', MsgContent: { Data: JSON.stringify(data), Desc: '', Ext: '' } }], nick);
  }

  /** The room is told of a gift. */
  gave(user: string, gift: string, count = 1, more: Record<string, unknown> = {}): void {
    const { id, name, icon, effect, price } = this.gifts.find((g) => g.id === gift) as Record<string, number>;
    const { level = 0 } = this.levels.get(user.toLowerCase()) ?? {};
    this.tell({
      type: 'gift_result', gift: { id, name, icon, effect, price }, from: { user: user.toLowerCase(), nick: user, avatar: '', level }, to: 'anna', count,
      value: Number(price) * count, final: true, order: `o${this.#seq}`, session: 's', ...more,
    });
  }

  /** Decides an order that is pending; its sender is told, wherever he is. */
  settle(order: Record<string, unknown>, state: 'accepted' | 'refused', reason = ''): void {
    Object.assign(order, { state, reason });
    for (const s of this.#sessions) if (s.user === order.from) s.socket.send({ push: 'gift', order });
  }

  /** Counters of the server's own grow. */
  count(more: Record<string, number>): void {
    this.counters = { ...this.counters, ...more };
    this.event('counters', { counters: this.counters });
  }

  event(event: string, data: unknown): void {
    this.#push([{ type: 'event', event, version: ++this.#version, data }]);
  }

  /** What holds in the room changes for all who are there. */
  set(settings: Partial<MockServer['settings']>): void {
    this.event('settings', Object.assign(this.settings, settings));
  }

  mute(user: string, until: number): void {
    this.muted.set(user, until);
    this.event('mute', { user, until, by: 'anna', nick: '' });
  }

  /** Takes a user out of the room. */
  takeOut(user: string, reason: string, more: Record<string, unknown> = {}): void {
    for (const s of this.#sessions) {
      if (s.user !== user) continue;
      s.socket.send({ push: 'left', group: s.group, reason, by: 'anna', detail: '', until: 0, ...more });
      s.group = '';
    }
  }

  /** Ends a user's connections for good. */
  bye(reason: string, more: Record<string, unknown> = {}): void {
    for (const { socket } of this.#sessions) {
      socket.send({ push: 'close', reason, reconnect: false, afterMs: 0, ...more });
      socket.cut();
    }
  }

  /** Accounts of who is in the chat now. */
  present(): string[] {
    return [...this.#sessions].filter((s) => s.group !== '').map((s) => s.user);
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
    const session: Session = { socket, id: `S${Math.random().toString(36).slice(2)}`, user: '', nick: '', avatar: '', anonymous: true, group: '' };
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
        const user = this.#user(String(frame.userId ?? ''), String(frame.userSig ?? ''));
        if (frame.userSig && !user) return { code: 70003, error: 'usersig_invalid' };
        Object.assign(session, user ? { user: frame.userId, ...user, anonymous: false } : { user: `anon_${session.id}`, nick: '', avatar: '' });
        const { id, nick, avatar, anonymous } = session;
        return { code: 0, session: id, user: session.user, nick, avatar, anonymous, admin: false, protocol: 1, serverTime: Date.now(), pingSeconds: 15 };
      }
      case 'join':
        return this.#join(session, frame);
      case 'send':
        if (this.refuse) return { temporary: false, ...this.refuse };
        if ((this.muted.get(session.user) ?? 0) * 1000 > Date.now()) return { code: 10017, error: 'muted', until: this.muted.get(session.user), temporary: false };
        if (!this.dropping) this.say(session.user, frame.body as unknown[], session.nick, Number(frame.random), session.avatar);
        return { code: 0, time: Math.floor(Date.now() / 1000), seq: this.#seq, ...(this.settings.slowMode > 0 ? { nextAt: Date.now() + this.settings.slowMode * 1000 } : {}) };
      case 'setProfile': {
        session.nick = String(frame.nick);
        this.#guests.set(session.user, session.nick);
        this.event('member', { user: session.user, nick: session.nick, avatar: session.avatar });
        return { code: 0, profile: { user: session.user, nick: session.nick, avatar: session.avatar } };
      }
      case 'upload': {
        const id = String(this.uploads.size + 1);
        this.uploads.set(id, Buffer.alloc(0));
        return { code: 0, id, url: `/uploads/${id}`, put: { url: `/uploads/${id}`, headers: { 'X-Upload': id } } };
      }
      case 'recall':
        this.event('recalled', { messages: [{ seq: frame.seq, from: '' }], by: session.user, reason: '' });
        return { code: 0 };
      case 'mute':
        this.acts.push(frame);
        this.mute(String(frame.user), frame.seconds === 0 ? 0 : Number(frame.seconds) === FOREVER ? FOREVER : Math.floor(Date.now() / 1000) + Number(frame.seconds));
        return { code: 0, until: this.muted.get(String(frame.user)) };
      case 'kick':
      case 'ban':
        this.acts.push(frame);
        for (const user of frame.users as string[]) this.takeOut(user, frame.op === 'ban' ? 'banned' : 'kicked', frame.op === 'ban' ? { until: FOREVER } : {});
        return { code: 0 };
      case 'ping':
        return { code: 0, time: Date.now() };
      case 'gifts':
        return { code: 0, gifts: this.gifts, version: 1 };
      case 'sendGift': {
        if (this.giftRefusal) return { code: 10111, error: this.giftError, detail: this.giftRefusal, temporary: false };
        const gift = this.gifts.find((g) => g.id === frame.gift) as Record<string, unknown>;
        if (frame.price !== gift.price) return { code: 10057, error: 'price_changed', detail: `the gift costs ${gift.price} now`, field: 'price', temporary: false };
        const order = { id: frame.order, group: frame.group, gift: gift.id, name: gift.name, price: gift.price, count: frame.count, value: Number(gift.price) * Number(frame.count), combo: frame.combo ?? '', from: session.user, state: this.pending ? 'pending' : 'accepted', reason: '' };
        this.orders.push(order);
        if (this.pending) return { code: 0, order };
        const comboTotal = this.orders.filter((o) => frame.combo && o.combo === frame.combo).reduce((sum, o) => sum + Number(o.count), 0);
        this.gave(session.nick, String(frame.gift), Number(frame.count), frame.combo ? { combo: frame.combo, comboTotal, final: false } : {});
        return { code: 0, order };
      }
      case 'giftOrder':
        return { code: 0, order: this.orders.find((o) => o.id === frame.order && o.from === session.user) };
      case 'ranking':
        return { code: 0, ranking: frame.scope === 'all' ? this.ranking : this.ranking.slice(0, 3), totals: { value: 1234500, count: 99, senders: this.ranking.length }, session: 's' };
      case 'like':
        this.counters.live_likes = (this.counters.live_likes ?? 0) + Number(frame.count);
        this.acts.push(frame);
        return { code: 0, accepted: frame.count, likes: this.counters.live_likes };
      case 'follow':
      case 'unfollow':
      case 'getFollow': {
        const user = String(frame.user);
        if (this.refuse && frame.op !== 'getFollow') return { temporary: false, ...this.refuse };
        if (frame.op === 'follow') this.followed.add(user);
        if (frame.op === 'unfollow') this.followed.delete(user);
        if (frame.op === 'follow' && frame.group) this.tell({ type: 'follow', user }, session.user, session.nick);
        return { code: 0, following: this.followed.has(user), followers: this.followers + Number(this.followed.has(user)) };
      }
      case 'getLevel':
        return { code: 0, user: frame.user, level: 0, badge: '', ...this.levels.get(String(frame.user)), score: 260, next: 400, membership: '' };
      case 'members':
        return { code: 0, members: [...this.#sessions].filter((s) => s.group !== '' && !s.anonymous).map((s) => ({ user: s.user, nick: s.nick, avatar: s.avatar, role: 'Member', joinTime: 1, mutedUntil: 0, ...this.levels.get(s.user) })), next: '' };
      case 'draw':
        return { code: 0, draw: this.draw };
      case 'summary':
        return { code: 0, summary: this.summary };
      default:
        return { code: 10004, error: 'bad_parameter' };
    }
  }

  #user(userID: string, sig: string): { nick: string; avatar: string } | null {
    const nick = this.#guests.get(userID);
    if (nick !== undefined && sig === 'sig') return { nick, avatar: '' };
    const user = this.users.get(userID);
    return user && user.sig === sig ? { nick: user.nick, avatar: user.avatar } : null;
  }

  #join(session: Session, frame: Record<string, unknown>): Record<string, unknown> {
    const room = [...this.rooms.values()].find((r) => r.groupId === frame.group);
    if (!room) return { code: 10010, error: 'no_such_group' };
    const until = this.banned.get(session.user);
    if (until !== undefined) return { code: 10007, error: 'banned', detail: 'you are banned from this group', until, temporary: false };
    session.group = room.groupId;
    const seq = frame.epoch === this.epoch ? Number(frame.seq) : 0;
    const messages = this.log.filter((m) => Number(m.seq) > seq);
    const complete = frame.epoch === undefined || (frame.epoch === this.epoch && messages.length === this.#seq - seq);
    const role = session.anonymous ? '' : room.anchor === session.user ? 'Owner' : 'Member';
    return {
      code: 0, group: room.groupId, role, epoch: this.epoch, seq: this.#seq, complete, attributes: { live_status: JSON.stringify(room.status) }, fields: {}, counters: this.counters, notice: room.notice,
      profile: { name: room.title, owner: room.anchor }, settings: this.settings, mute: { all: this.settings.muteAll, until: this.muted.get(session.user) ?? 0 }, limits: { slowMode: this.settings.slowMode, nextAt: 0 },
      versions: { attributes: 0, fields: 0, notice: 0, profile: 0, settings: 0 }, count: { members: 1, viewers: 0, online: room.online }, withdrawn: [], messages,
    };
  }

  async #upload(req: IncomingMessage, res: ServerResponse, id: string): Promise<void> {
    if (req.method === 'GET') return void res.writeHead(200, { 'Content-Type': 'image/png' }).end(this.uploads.get(id));
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    this.uploads.set(id, Buffer.concat(chunks));
    res.writeHead(req.headers['x-upload'] === id ? 200 : 403).end();
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', 'http://mock');
    const json = (value: unknown, status = 200) => res.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' }).end(JSON.stringify(value));
    if (url.pathname === '/api/v1/recommendations') {
      if (url.searchParams.has('user') && req.headers.authorization !== 'Bearer s') return void json({ code: 'unauthorized', detail: 'whom one follows is for who is signed in' }, 401);
      const known = (reasons: string[]) => reasons.filter((reason) => reason !== 'following' || url.searchParams.has('user'));
      return void json({ rooms: this.recommendations.map(({ id, reasons }) => ({ ...this.rooms.get(id), reasons: known(reasons) })) });
    }
    if (url.pathname === '/api/v1/recordings') {
      if (req.headers.authorization !== 'Bearer s') return void json({ code: 'unauthorized', detail: 'for the anchor' }, 401);
      return void json({ recordings: this.recording ? [this.recording] : [] });
    }
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
    if (api && !api[2]) return void (this.noLists ? json({ code: 'store_unavailable', detail: 'away' }, 503) : json(this.#list(url.searchParams)));
    if (url.pathname === '/api/v1/statuses') {
      const ids = (url.searchParams.get('rooms') ?? '').split(',');
      this.lists.push(url.search);
      const there = ids.flatMap((id) => this.rooms.get(id) ?? []);
      return void json({ statuses: there.map(({ status, online }) => ({ ...status, online })), missing: ids.filter((id) => !this.rooms.has(id)) });
    }
    if (api) {
      const room = this.rooms.get(decodeURIComponent(api[2] as string));
      if (!room) return void json({ code: 'unknown_room', detail: 'no such room' }, 404);
      if (api[3] === 'play') return void json({ ...this.#times(room, `http://${req.headers.host}`), play: { flv: `http://${req.headers.host}/live/${room.id}.flv?txSecret=x&txTime=y`, hls: `http://${req.headers.host}/files/live.m3u8` }, expiresAt: '' });
      if (api[3] !== 'status') return void json(room);
      const answer = () => json({ ...room.status, online: room.online });
      if (!url.searchParams.has('wait') || Number(url.searchParams.get('version')) < room.status.version) return void answer();
      this.#polls.add(answer);
      return;
    }
    if (/^\/live\/[^/]+(\.m3u8|\/v\/.*)$/.test(url.pathname)) return this.#recorded(url, json, res);
    if (url.pathname.startsWith('/uploads/')) return this.#upload(req, res, url.pathname.slice(9));
    if (url.pathname.endsWith('.flv')) {
      if (this.noFlv) return void res.writeHead(404).end();
      if (this.full) return void json({ code: this.full, detail: 'the room has as many viewers as it may have; try again in a moment' }, 503);
      return this.stream.serve(req.url ?? '', res);
    }
    this.#file(url.pathname, res);
  }

  /** Rooms as they were added, the most popular first where that is asked for. */
  #list(query: URLSearchParams): { rooms: Room[]; nextCursor?: string } {
    this.lists.push(`?${query}`);
    const [status, q, limit, from] = [query.get('status'), (query.get('q') ?? '').toLowerCase(), Number(query.get('limit') ?? 50), Number(query.get('cursor') ?? 0)];
    const all = [...this.rooms.values()].filter((room) => (!status || room.status.name === status) && q.split(' ').every((word) => `${room.title} ${room.id} ${room.anchor}`.toLowerCase().includes(word)));
    if (query.get('sort') === 'popularity') all.sort((a, b) => (b.popularity ?? 0) - (a.popularity ?? 0));
    return { rooms: all.slice(from, from + limit), ...(from + limit < all.length ? { nextCursor: String(from + limit) } : {}) };
  }

  #times(room: Room, base: string): Record<string, unknown> {
    const hls = `${base}/live/${room.id}.m3u8?txSecret=x&txTime=y`;
    return {
      ...(this.playback && room.status.name === 'playback' ? { playback: { hls, ...this.playback } } : {}),
      ...(this.timeShift && room.status.name === 'live' ? { timeShift: { hls: `${hls}&txTimeshift=on`, ...this.timeShift } } : {}),
    };
  }

  /** Recordings and earlier times, as live/vod answers them. */
  #recorded(url: URL, json: (value: unknown, status?: number) => unknown, res: ServerResponse): void {
    const part = /^\/live\/([^/]+?)(?:\.m3u8|\/v\/([^/]+)\/(.+))$/.exec(url.pathname) ?? [];
    const [, id, sid, file] = part;
    if (sid === undefined) {
      this.asked.push(url.pathname + url.search);
      if (url.searchParams.get('txSecret') !== 'x') return void json({ code: 'missing_signature', detail: 'not signed' }, 403);
      const kind = url.searchParams.has('txTimeshift') ? 'shift' : 'vod';
      const at = `/live/${id}/v/${kind}${++this.#plays}/index.m3u8?vid=${url.searchParams.get('vid') ?? ''}`;
      return void res.writeHead(200, { 'Content-Type': TYPES['.m3u8'] }).end(`#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=400000\n${at}\n`);
    }
    if (this.over.has(sid)) return void json({ code: 'expired', detail: 'the address has expired' }, 403);
    if (file !== 'chat') return this.#file(`/files/${file === 'index.m3u8' ? (sid.startsWith('shift') ? 'live.m3u8' : 'vod.m3u8') : file}`, res);
    this.asked.push(`${sid} ${url.search}`);
    const [from, to] = ['from', 'to'].map((name) => Number(url.searchParams.get(name))) as [number, number];
    const items = this.said.map(({ at, from, text }, i) => ({ at, seq: i + 1, from: from.toLowerCase(), nick: from, avatar: '', body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: text } }] }));
    json({ items: items.filter(({ at }) => at >= from && at < to), next: null });
  }

  #file(path: string, res: ServerResponse): void {
    const name = path.startsWith('/files/') ? join(this.filesFrom, path.slice(7)) : join(root, 'dist', documentOf(path));
    if (!existsSync(name)) return void res.writeHead(404).end();
    const type = TYPES[extname(name)] ?? 'application/octet-stream';
    res.writeHead(200, { 'Content-Type': type, ...(type === 'text/html' ? { 'Content-Security-Policy': contentPolicy() } : {}) });
    res.end(readFileSync(name));
  }
}
