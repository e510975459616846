import type { SocketLike } from '../src/types.ts';

export type Frame = Record<string, any>;

interface Group {
  epoch: string;
  seq: number;
  log: Frame[];
  owner: string;
  state: Frame;
  versions: Record<string, number>;
  sent: Map<string, Frame>;
}

/** A chat server of one page of code, which behaves as docs/protocol.md says; tests bend it by `refuse`, `swallow` and `doors`. */
export class FakeServer {
  readonly connections: Connection[] = [];
  readonly groups = new Map<string, Group>();
  readonly users = new Map<string, { nick: string; avatar: string }>();
  readonly requests: Frame[] = [];
  /** What an op is refused with, instead of being done. */
  refuse: Record<string, Frame | ((frame: Frame) => Frame | null)> = {};
  /** More fields for an op's answer. */
  also: Record<string, Frame> = {};
  /** Ops that are done but whose answers are lost. */
  swallow = new Set<string>();
  doors: 'open' | 'shut' | 'silent' = 'open';
  limiterFull = false;
  /** Messages are held, as in a delayed room: until `letGo`. */
  holds = false;
  readonly held: { group: string; user: string; frame: Frame }[] = [];
  rewrite: ((body: any) => any) | null = null;
  session = 0;
  /** The catalogue, and the orders by group, user and id; "later" leaves them to `settle`. */
  gifts: Frame[] = [{ id: 'rose', name: 'Rose', price: 100, icon: '🌹', effect: 'float', combo: true }, { id: 'car', name: 'Car', price: 50_000, icon: '🚗', effect: 'banner', combo: false }];
  readonly orders = new Map<string, Frame>();
  settlement: 'free' | 'later' = 'free';
  follows = new Set<string>();
  draw: Frame | null = null;

  /** For create's environment. */
  readonly socket = (url: string): SocketLike => new Connection(this, url);

  group(id = 'demo'): Group {
    let group = this.groups.get(id);
    if (!group) {
      group = {
        epoch: 'E1', seq: 0, log: [], owner: 'anna', sent: new Map(),
        state: {
          attributes: {}, fields: {}, counters: {}, notice: '', profile: { name: id, owner: 'anna' },
          settings: { introduction: '', avatar: '', muteAll: false, slowMode: 0, guestsSpeak: true, uploads: 'members' },
          count: { members: 1, viewers: 0, online: 1 }, mute: { all: false, until: 0 },
        },
        versions: { attributes: 0, fields: 0, notice: 0, profile: 0, settings: 0, counters: 0 },
      };
      this.groups.set(id, group);
    }
    return group;
  }

  /** A message by somebody, given to all. */
  say(group: string, from: string, content: string | Frame[], more: Frame = {}): Frame {
    const g = this.group(group);
    const body = typeof content === 'string' ? [{ MsgType: 'TIMTextElem', MsgContent: { Text: content } }] : content;
    const item = {
      type: 'message', seq: ++g.seq, time: 1_790_000_000 + g.seq, from, nick: this.users.get(from)?.nick ?? '', avatar: '', priority: 'Normal',
      random: 1000 + g.seq, body, cloudCustomData: '', ...more,
    };
    g.log.push(item);
    this.batch(group, item);
    return item;
  }

  /** What is held comes to all. */
  letGo(): void {
    for (const { group, user, frame } of this.held.splice(0)) this.say(group, user, frame.body, { random: frame.random, cloudCustomData: frame.cloudCustomData, ...this.users.get(user) });
  }

  /** A state event, given to all. */
  event(group: string, event: string, data: Frame): void {
    const g = this.group(group);
    const version = (g.versions[event] = (g.versions[event] ?? 0) + 1);
    if (event === 'settings' || event === 'profile' || event === 'count') g.state[event] = data;
    else if (event in g.state) Object.assign(g.state, data);
    this.batch(group, { type: 'event', event, version, data });
  }

  batch(group: string, ...items: Frame[]): void {
    for (const c of this.connections) if (c.rooms.has(group)) c.push({ push: 'batch', group, items });
  }

  /** All lines fall, as if the network did it. */
  cut(): void {
    for (const c of this.connections.filter((c) => c.isOpen)) c.fall();
  }

  last(): Connection {
    return this.connections.at(-1) as Connection;
  }

  /** Where a user is connected now. */
  line(user: string): Connection {
    return this.connections.filter((c) => c.isOpen && c.user === user).at(-1) as Connection;
  }

  /** A user is taken out of a group. */
  takeOut(user: string, group: string, reason: string, more: Frame = {}): void {
    const line = this.line(user);
    line.rooms.delete(group);
    line.push({ push: 'left', group, reason, by: 'anna', detail: '', until: 0, ...more });
  }

  /** What the server says itself in a group. */
  tell(group: string, data: Frame): Frame {
    return this.say(group, 'administrator', [{ MsgType: 'TIMCustomElem', MsgContent: { Data: JSON.stringify(data), Desc: '', Ext: '' } }], { priority: 'High', random: 0 });
  }

  /** Decides an order that was left for later; its sender is told unless he is away. */
  settle(user: string, id: string, state: 'accepted' | 'refused', reason = '', group = 'demo'): void {
    const order = Object.assign(this.orders.get(`${group} ${user} ${id}`) as Frame, { state, reason });
    for (const c of this.connections) if (c.isOpen && c.user === user) c.push({ push: 'gift', order });
  }

  asked(op: string): Frame[] {
    return this.requests.filter((r) => r.op === op);
  }

  answer(c: Connection, f: Frame): Frame | null {
    const refused = this.refuse[f.op];
    const refusal = typeof refused === 'function' ? refused(f) : refused;
    if (refusal) return { error: 'refused', detail: 'refused by the test', temporary: false, ...refusal };
    if (f.op !== 'auth' && f.op !== 'ping' && !c.user) return { code: 10001, error: 'not_authenticated' };
    const g = f.group ? this.group(f.group) : null;
    switch (f.op) {
      case 'auth': {
        c.user = f.userId ?? `anon_${++this.session}`;
        c.anonymous = !f.userId;
        const profile = this.users.get(c.user) ?? { nick: '', avatar: '' };
        return { code: 0, session: f.session ?? `S${++this.session}`, user: c.user, ...profile, anonymous: c.anonymous, admin: false, protocol: 1, serverTime: Date.now(), pingSeconds: 15 };
      }
      case 'ping':
        return { code: 0, time: Date.now() };
      case 'join': {
        if (!g) return { code: 10004 };
        if (c.rooms.has(f.group)) return { code: 10013, error: 'already_joined' };
        c.rooms.add(f.group);
        const resumes = f.epoch !== undefined;
        const complete = !resumes || f.epoch === g.epoch;
        const messages = resumes && complete ? g.log.filter((m) => m.seq > f.seq) : g.log.slice(-20);
        const role = c.anonymous ? '' : g.state.profile.owner === c.user ? 'Owner' : 'Member';
        return { code: 0, group: f.group, role, epoch: g.epoch, seq: g.seq, complete, ...structuredClone(g.state), versions: { ...g.versions }, messages };
      }
      case 'leave':
        c.rooms.delete(f.group);
        return { code: 0 };
      case 'send': {
        if (!g || !c.rooms.has(f.group)) return { code: 10007, error: 'not_joined' };
        const known = g.sent.get(`${c.user} ${f.random}`);
        if (known) return known;
        const answer: Frame = { code: 0, time: 1_790_000_001 + g.seq, seq: g.seq };
        if (this.holds) {
          this.held.push({ group: f.group, user: c.user, frame: f });
        } else if (!this.limiterFull) {
          const body = this.rewrite ? this.rewrite(structuredClone(f.body)) : f.body;
          const item = this.say(f.group, c.user, body, { random: f.random, cloudCustomData: f.cloudCustomData, priority: f.priority ?? 'Normal', ...this.users.get(c.user) });
          answer.seq = item.seq;
          if (this.rewrite) answer.body = body;
        }
        g.sent.set(`${c.user} ${f.random}`, answer);
        return answer;
      }
      case 'recall': {
        if (f.random === undefined) return { code: 0 };
        const at = this.held.findIndex(({ group, user, frame }) => group === f.group && user === (f.from ?? c.user) && frame.random === f.random);
        if (at < 0) return { code: 10030, error: 'no_such_message', detail: 'there is no such message', field: 'random' };
        this.held.splice(at, 1);
        return { code: 0 };
      }
      case 'setAttributes':
      case 'replaceAttributes':
      case 'deleteAttributes': {
        if (!g) return null;
        if (f.version !== undefined && f.version !== g.versions.attributes) return { code: 10056, error: 'attributes_conflict' };
        const kept = f.op === 'replaceAttributes' ? {} : f.op === 'deleteAttributes' && f.keys.length === 0 ? {} : { ...g.state.attributes };
        for (const key of f.keys ?? []) delete kept[key];
        this.event(f.group, 'attributes', { attributes: { ...kept, ...f.attributes } });
        return { code: 0, version: g.versions.attributes };
      }
      case 'getAttributes': {
        const all = Object.entries(g?.state.attributes ?? {}).filter(([key]) => !f.keys || f.keys.includes(key));
        return { code: 0, attributes: Object.fromEntries(all), version: g?.versions.attributes };
      }
      case 'setCounters':
        this.event(f.group, 'counters', { counters: { ...g?.state.counters, ...f.counters } });
        return { code: 0, counters: g?.state.counters };
      case 'addCounter':
        this.event(f.group, 'counters', { counters: { ...g?.state.counters, [f.key]: (g?.state.counters[f.key] ?? 0) + Number(f.value) } });
        return { code: 0, counters: g?.state.counters };
      case 'getCounters':
        return { code: 0, counters: g?.state.counters };
      case 'group':
      case 'setGroup':
        return { code: 0, group: { id: f.group, name: f.name ?? f.group, owner: g?.owner, notice: f.notice ?? '', introduction: '', avatar: '', fields: f.fields ?? {}, muteAll: f.muteAll ?? false, slowMode: 0, createdAt: 1_789_000_000, members: 3, online: 4 } };
      case 'gifts':
        return { code: 0, gifts: this.gifts, version: 3 };
      case 'sendGift': {
        const gift = this.gifts.find((one) => one.id === f.gift);
        if (!gift) return { code: 10004, error: 'no_such_gift', detail: 'there is no such gift' };
        const key = `${f.group} ${c.user} ${f.order}`;
        if (!this.orders.has(key) && (f.price ?? gift.price) !== gift.price) return { code: 10057, error: 'price_changed', detail: `the gift costs ${gift.price} now`, field: 'price' };
        const order = this.orders.get(key) ?? {
          id: f.order, group: f.group, gift: f.gift, name: gift.name, price: gift.price, count: f.count, value: gift.price * f.count, from: c.user,
          combo: f.combo ?? '', state: this.settlement === 'free' ? 'accepted' : 'pending', reason: '',
        };
        this.orders.set(key, order);
        return { code: 0, order };
      }
      case 'giftOrder':
        return { code: 0, order: this.orders.get(`${f.group} ${c.user} ${f.order}`) };
      case 'like':
        return { code: 0, accepted: f.count, likes: (g as Group).state.counters.live_likes = ((g as Group).state.counters.live_likes ?? 0) + f.count };
      case 'follow':
      case 'unfollow':
      case 'getFollow':
        if (f.op === 'follow') this.follows.add(f.user);
        if (f.op === 'unfollow') this.follows.delete(f.user);
        return { code: 0, following: this.follows.has(f.user), followers: this.follows.has(f.user) ? 8 : 7 };
      case 'draw':
        return { code: 0, draw: this.draw };
      case 'count':
        return { code: 0, members: 7, viewers: 1, online: 8 };
      default:
        return { code: 0 };
    }
  }
}

/** The client's end of one line. */
export class Connection implements SocketLike {
  onopen: SocketLike['onopen'] = null;
  onmessage: SocketLike['onmessage'] = null;
  onclose: SocketLike['onclose'] = null;
  onerror: SocketLike['onerror'] = null;
  user = '';
  anonymous = true;
  readonly rooms = new Set<string>();
  readonly url: string;
  isOpen = false;
  deaf = false; // takes frames and says nothing, as a dead network does
  #ended = false;
  readonly #server: FakeServer;

  constructor(server: FakeServer, url: string) {
    this.#server = server;
    this.url = url;
    server.connections.push(this);
    if (server.doors === 'silent') return;
    setTimeout(() => {
      if (server.doors === 'shut') return this.fall();
      if (this.#ended) return;
      this.isOpen = true;
      this.onopen?.({});
    }, 1);
  }

  send(data: string): void {
    if (!this.isOpen) throw new Error('not open');
    if (this.deaf) return;
    const frame = JSON.parse(data) as Frame;
    this.#server.requests.push(frame);
    const answer = this.#server.answer(this, frame);
    if (answer && !this.#server.swallow.has(frame.op)) this.push({ reply: frame.id, ...answer, ...this.#server.also[frame.op] });
  }

  push(frame: Frame): void {
    this.raw(JSON.stringify(frame));
  }

  raw(data: unknown): void {
    if (this.isOpen && !this.deaf) this.onmessage?.({ data });
  }

  /** The server says goodbye. */
  bye(reason: string, more: Frame = {}): void {
    this.push({ push: 'close', reason, reconnect: false, afterMs: 0, ...more });
    this.fall();
  }

  fall(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.isOpen = false;
    this.rooms.clear();
    this.onclose?.({});
  }

  closeCode: number | undefined; // what the client closed with

  close(code?: number): void {
    this.closeCode = code;
    setTimeout(() => this.fall(), 0);
    this.isOpen = false;
    this.rooms.clear();
  }
}
