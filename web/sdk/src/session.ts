import { EVENT, TYPES, VERSION } from './constants.ts';
import { ok, type Core } from './core.ts';
import { ChatError, CODE, isTemporary } from './error.ts';
import type { Gifts } from './gifts.ts';
import { LineDown, type Line } from './line.ts';
import { Link, type Ended } from './link.ts';
import { nobody, userMessage } from './message.ts';
import type { Messages } from './messages.ts';
import { Recent } from './recent.ts';
import type { Room } from './room.ts';
import type { Message, Result } from './types.ts';
import { number, text, type Json, type Push, type Reply } from './wire.ts';

interface Identity {
  userID: string;
  userSig: string;
}

const IN_ANOTHER = 10037; // the server's

/** KICKED_OUT's type for the ends of a login. */
const KICKED: Record<string, string> = {
  replaced: TYPES.KICKED_OUT_MULT_ACCOUNT, too_many_instances: TYPES.KICKED_OUT_MULT_ACCOUNT, kicked: TYPES.KICKED_OUT_REST_API,
  usersig_revoked: TYPES.KICKED_OUT_REST_API, usersig_expired: TYPES.KICKED_OUT_USERSIG_EXPIRED,
};

/** Who is logged in, and the connection of one instance: opened for a login or for a guest's first room, resumed with its rooms whenever it fell. */
export class Session {
  readonly #core: Core;
  readonly #url: string;
  readonly #messages: Messages;
  readonly #gifts: Gifts;
  readonly #instance: string;
  #identity: Identity | null = null;
  #loggingIn: Promise<unknown> | null = null;
  #guestStart: Promise<void> | null = null;
  #id = '';
  readonly #fromUsers = new Recent<string, true>(1000); // messages between users that came: by ID, by ID and time
  #unnumbered = 0;

  constructor(core: Core, url: string, messages: Messages, gifts: Gifts) {
    this.#core = core;
    this.#url = url;
    this.#messages = messages;
    this.#gifts = gifts;
    this.#instance = [0, 0, 0].map(() => Math.floor(core.env.random() * 2 ** 32).toString(36)).join('');
  }

  /** The server's name for it; '' before the first connection. */
  get id(): string {
    return this.#id;
  }

  async login(options: Identity): Promise<Result<Json>> {
    const { userID, userSig } = options ?? {};
    if (typeof userID !== 'string' || userID === '') throw new ChatError(CODE.NO_USER_ID, 'userID is missing');
    if (typeof userSig !== 'string' || userSig === '') throw new ChatError(CODE.NO_USER_SIG, 'userSig is missing');
    if (this.#loggingIn) throw new ChatError(CODE.REPEATED_LOGIN, 'a login is under way');
    if (this.#identity) {
      if (this.#identity.userID !== userID) throw new ChatError(CODE.REPEATED_LOGIN, `${this.#identity.userID} is logged in: log out first`);
      return ok({ actionStatus: 'OK', errorCode: 0, errorInfo: `${userID} is logged in already`, repeatLogin: true });
    }
    const login = this.#login({ userID, userSig });
    this.#loggingIn = login.catch(() => {});
    try {
      return await login;
    } finally {
      this.#loggingIn = null;
    }
  }

  async #login(identity: Identity): Promise<Result<Json>> {
    this.#stop(false); // a guest's line is another one; its rooms go on on this user's
    this.#identity = identity;
    try {
      await this.#start();
    } catch (err) {
      this.#identity = null;
      this.#core.link = null;
      this.#dropRooms();
      throw err;
    }
    if (this.#identity !== identity) throw new ChatError(CODE.LOGGED_OUT, 'logged out during the login');
    this.#core.env.setTimeout(() => {
      if (this.#identity !== identity || this.#core.ready) return;
      this.#core.ready = true;
      this.#core.emit(EVENT.SDK_READY);
    }, 0);
    return ok({ actionStatus: 'OK', errorCode: 0, errorInfo: '' });
  }

  async logout(): Promise<Result<Json>> {
    const was = this.#identity !== null;
    this.#stop();
    if (was) this.#notReady();
    return ok({});
  }

  #notReady(): void {
    this.#core.ready = false;
    this.#core.me = nobody();
    this.#core.emit(EVENT.SDK_NOT_READY);
  }

  // -- connection

  /** For joining: whoever is logging in is waited for; nobody being there, a guest's line is opened. */
  async connected(): Promise<void> {
    if (this.#loggingIn) await this.#loggingIn;
    if (this.#core.link) return this.#guestStart ?? undefined;
    this.#guestStart = this.#start().finally(() => (this.#guestStart = null));
    return this.#guestStart;
  }

  async #start(): Promise<void> {
    const core = this.#core;
    const link: Link = new Link(core.env, this.#url, {
      auth: () => this.#auth(),
      welcome: (hello, line) => this.#welcome(hello, line),
      push: (push) => core.link === link && this.#push(push),
      state: (state) => core.link === link && this.#netState(state),
      ended: (why) => core.link === link && this.#ended(why),
    });
    core.link = link;
    try {
      await link.start();
    } catch (err) {
      if (core.link === link) core.link = null;
      throw err;
    }
  }

  #netState(state: string): void {
    this.#core.emit(EVENT.NET_STATE_CHANGE, { state });
    if (state === TYPES.NET_STATE_CONNECTED) this.#gifts.resume();
  }

  /** Nobody is in a room any more: a guest needs no line then. */
  idle(): void {
    if (this.#identity === null) this.#stop();
  }

  /** Ends the connection; the rooms too, unless they go on on another one. */
  #stop(dropRooms = true): void {
    const { link } = this.#core;
    this.#core.link = null;
    this.#identity = null;
    if (dropRooms) this.#dropRooms();
    this.#gifts.forget();
    link?.stop();
  }

  #dropRooms(): void {
    for (const room of [...this.#core.rooms.values()]) this.#core.drop(room);
  }

  #auth(): Json {
    return {
      platform: this.#core.env.platform, sdk: `liveroom-js/${VERSION}`, protocol: 1, instance: this.#instance,
      ...(this.#core.oneRoom ? {} : { rooms: 'many' }),
      ...(this.#id ? { session: this.#id } : {}),
      ...(this.#identity ? { userId: this.#identity.userID, userSig: this.#identity.userSig } : {}),
    };
  }

  async #welcome(hello: Reply, line: Line): Promise<void> {
    const core = this.#core;
    if (number(hello.serverTime) > 0) core.clockAhead = number(hello.serverTime) - core.env.now();
    if (this.#identity) {
      const mine = { userID: text(hello.user) || this.#identity.userID, nick: text(hello.nick), avatar: 'avatar' in hello ? text(hello.avatar) : core.me.avatar };
      if (core.ready) core.meChanged(mine.nick, mine.avatar);
      core.me = mine;
    }
    if (text(hello.session) !== this.#id) {
      this.#id = text(hello.session);
      core.emit(EVENT.LIVEROOM_SESSION, { session: this.#id });
    }
    for (const room of core.rooms.values()) if (room.isIn) room.pause();
    await Promise.all([...core.rooms.values()].filter((room) => room.isIn).map((room) => this.#resume(room, line)));
  }

  async #resume(room: Room, line: Line): Promise<void> {
    try {
      const answer = await this.#goOn(room, line);
      if (room.isIn) room.resumed(answer);
    } catch (err) {
      if (!(err instanceof ChatError) || isTemporary(err)) throw err instanceof ChatError ? new LineDown(true) : err; // the next line may do
      const reasons: Record<number, string> = { 10007: 'banned', 10010: 'dismissed', 10015: 'dismissed' };
      room.left({ reason: reasons[err.code] ?? err.data.reason ?? '', by: '', detail: err.message, until: err.data.until ?? 0 });
      this.#core.drop(room);
    }
  }

  #goOn(room: Room, line: Line): Promise<Reply> {
    const resume = line.request('join', { group: room.groupID, epoch: room.epoch, seq: room.seq });
    if (!this.#loggingIn) return resume;
    // A guest who logs in comes to where he is, from wherever else he is as that user: for a mere return that is refused.
    return resume.catch((err) => {
      if (!(err instanceof ChatError) || err.code !== IN_ANOTHER) throw err;
      return line.request('join', { group: room.groupID });
    });
  }

  #push(push: Push): void {
    const core = this.#core;
    if (push.push === 'batch') {
      const room = core.rooms.get(push.group);
      room?.take(push.items);
      if (room?.closed) core.drop(room); // dismissed
    } else if (push.push === 'left') {
      const room = core.rooms.get(push.group);
      if (!room?.isIn) return;
      room.left({ reason: push.reason, by: push.by, detail: push.detail, until: push.until });
      core.drop(room);
    } else if (push.push === 'c2c') {
      this.#fromUser(userMessage(push.message, core.me.userID));
    } else if (push.push === 'gift') {
      this.#gifts.told(push.order);
    }
  }

  #fromUser(message: Message): void {
    const seen = this.#fromUsers;
    if (message.flow === 'out' && this.#messages.sentHere(message.ID)) return;
    const { ID, time, random } = message;
    if (random !== 0 && seen.has(`${ID} ${time}`)) return;
    if (random === 0 || seen.has(ID)) message.ID += `-${time}-${++this.#unnumbered}`; // a program may use one number for all it sends
    seen.keep(ID, true);
    seen.keep(`${ID} ${time}`, true);
    this.#core.emit(EVENT.MESSAGE_RECEIVED, [message]);
  }

  /** The server does not want this login (or guest) back. */
  #ended(why: Ended): void {
    const was = this.#identity !== null;
    this.#core.link = null;
    this.#identity = null;
    this.#dropRooms();
    this.#gifts.forget();
    const type = why.type || KICKED[why.reason] || (why.code >= 70000 && why.code < 71000 ? TYPES.KICKED_OUT_USERSIG_EXPIRED : '');
    if (was && type) this.#core.emit(EVENT.KICKED_OUT, { type });
    else this.#core.emit(EVENT.ERROR, { code: why.code || (why.reason === 'client_too_old' ? CODE.CLIENT_TOO_OLD : CODE.NETWORK), message: why.detail || why.reason });
    if (was) this.#notReady();
  }
}
