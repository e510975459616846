import { describe, expect, test } from 'vitest';
import { create } from '../src/create.ts';
import { EVENT, TYPES } from '../src/constants.ts';
import { client, during, inRoom, loggedIn, pass, refused, text, world } from './helper.ts';

const w = world();

describe('instances', () => {
  test('one for each SDKAppID, until it is destroyed', async () => {
    const options = { SDKAppID: 77, host: 'https://x', environment: { socket: w.server.socket } };
    const one = create(options);
    expect(create(options)).toBe(one);
    expect(create({ ...options, SDKAppID: 78 })).not.toBe(one);
    await one.destroy();
    expect(create(options)).not.toBe(one);
    await create(options).destroy();
    await create({ ...options, SDKAppID: 78 }).destroy();
  });

  test('without SDKAppID or server there is none', () => {
    expect(() => create({} as never)).toThrow(expect.objectContaining({ code: 2000 }));
    expect(() => create({ SDKAppID: 79 })).toThrow(expect.objectContaining({ code: 2905 }));
  });

  test.each([
    ['https://live.example', 'wss://live.example/chat'], ['http://127.0.0.1:8080/', 'ws://127.0.0.1:8080/chat'],
    ['wss://live.example/chat', 'wss://live.example/chat'], ['live.example:8443/base', 'wss://live.example:8443/base/chat'],
  ])('host %s is %s', async (host, url) => {
    const { chat } = client(w.server, { host });
    await during(chat.joinGroup({ groupID: 'demo' }));
    expect(w.server.last().url).toBe(url);
  });

  test('works inside a proxy, and methods off the instance', async () => {
    const { chat } = client(w.server);
    const wrapped = new Proxy(chat, {});
    const { isReady } = chat;
    await during(wrapped.login({ userID: 'alice', userSig: 's' }));
    expect(isReady()).toBe(true);
  });

  test('a handler that throws harms nobody, handlers have their context, off takes them away', async () => {
    const { chat } = client(w.server);
    const seen: unknown[] = [];
    const context = { me: 1 };
    const handler = function (this: unknown, event: { name: string }) {
      seen.push([this, event.name]);
    };
    chat.on(EVENT.SDK_READY, () => { throw new Error('bad page'); });
    chat.on(EVENT.SDK_READY, handler, context);
    chat.on(EVENT.SDK_READY, handler, context);
    chat.on(EVENT.NET_STATE_CHANGE, handler);
    chat.off(EVENT.NET_STATE_CHANGE, handler);
    await during(chat.login({ userID: 'alice', userSig: 's' }));
    expect(seen).toEqual([[context, 'sdkStateReady']]);
  });
});

describe('login', () => {
  test('resolves before readiness, then SDK_READY', async () => {
    const { chat, of } = client(w.server);
    let atLogin: boolean | undefined;
    const login = chat.login({ userID: 'alice', userSig: 'sig' }).then((r) => {
      atLogin = chat.isReady();
      return r;
    });
    expect(await during(login)).toMatchObject({ code: 0, data: { actionStatus: 'OK' } });
    expect(atLogin).toBe(false);
    expect(chat.isReady()).toBe(true);
    expect(of(EVENT.SDK_READY)).toHaveLength(1);
    expect(of(EVENT.NET_STATE_CHANGE).map((d) => d.state)).toEqual(['connecting', 'connected']);
    expect(chat.getLoginUser()).toBe('alice');
    expect(chat.getServerTime()).toBe(Math.floor(Date.now() / 1000));
    expect(w.server.asked('auth')[0]).toMatchObject({ userId: 'alice', userSig: 'sig', platform: 'Web', protocol: 1, sdk: 'liveroom-js/1.0.0', instance: expect.stringMatching(/^.{6,}$/) });
  });

  test('parameters, twice at once, twice, as another', async () => {
    const { chat } = client(w.server);
    expect((await refused(chat.login({ userSig: 's' } as never))).code).toBe(2002);
    expect((await refused(chat.login({ userID: 'a' } as never))).code).toBe(2003);
    const first = chat.login({ userID: 'alice', userSig: 's' });
    expect((await refused(chat.login({ userID: 'alice', userSig: 's' }), 0)).code).toBe(2025);
    await during(first);
    expect((await during(chat.login({ userID: 'alice', userSig: 's' }))).data).toMatchObject({ repeatLogin: true });
    expect((await refused(chat.login({ userID: 'bob', userSig: 's' }))).code).toBe(2025);
    expect(w.server.asked('auth')).toHaveLength(1);
  });

  test('a refused UserSig rejects with the server\'s number, and another login may follow', async () => {
    const { chat, of } = client(w.server);
    w.server.refuse.auth = { code: 70001, error: 'usersig_expired' };
    const err = await refused(chat.login({ userID: 'alice', userSig: 'old' }));
    expect(err).toBeInstanceOf(Error);
    expect(err).toMatchObject({ code: 70001, data: { reason: 'usersig_expired' } });
    expect(of(EVENT.ERROR)).toEqual([]);
    await pass(60_000);
    expect(w.server.asked('auth')).toHaveLength(1);
    w.server.refuse = {};
    await during(chat.login({ userID: 'alice', userSig: 'new' }));
    expect(chat.isReady()).toBe(true);
  });

  test('a server that cannot be reached: 2800; no network: 2805', async () => {
    w.server.doors = 'shut';
    expect((await refused(client(w.server).chat.login({ userID: 'alice', userSig: 's' }), 16_000)).code).toBe(2800);
    const offline = client(w.server, {}, { online: () => false });
    expect((await refused(offline.chat.login({ userID: 'alice', userSig: 's' }), 16_000)).code).toBe(2805);
    expect(offline.of(EVENT.NET_STATE_CHANGE)).toEqual([{ state: 'disconnected' }]);
    const tries = w.server.connections.length;
    await pass(60_000);
    expect(w.server.connections).toHaveLength(tries);
  });

  test('an SDK that is too old is told so and does not come back', async () => {
    const { chat } = client(w.server);
    w.server.refuse.auth = { code: 110001, error: 'client_too_old' };
    expect((await refused(chat.login({ userID: 'alice', userSig: 's' }))).code).toBe(110001);
  });

  test('before SDK_READY everything that needs a user is 2999', async () => {
    const { chat } = client(w.server);
    const message = chat.createTextMessage(text('hi'));
    const calls: Promise<unknown>[] = [
      chat.sendMessage(message), chat.getMyProfile(), chat.getGroupProfile({ groupID: 'demo' }), chat.getGroupMemberList({ groupID: 'demo' }),
      chat.setGroupAttributes({ groupID: 'demo', groupAttributes: {} }), chat.getGroupCounters({ groupID: 'demo' }), chat.getMessageList({}),
      chat.modifyMessage(message), chat.getGroupOnlineMemberCount('demo'), chat.revokeMessage(message), chat.getConversationList(),
    ];
    for (const result of await Promise.allSettled(calls)) expect(result).toMatchObject({ status: 'rejected', reason: { code: 2999 } });
  });

  test('logout leaves all behind and may be followed by another login', async () => {
    const { chat, of } = await inRoom(w.server);
    await during(chat.logout());
    expect(of(EVENT.SDK_NOT_READY)).toHaveLength(1);
    expect(chat.isReady()).toBe(false);
    expect(chat.getLoginUser()).toBe('');
    expect(w.server.connections.every((c) => !c.isOpen)).toBe(true);
    expect(w.server.last().closeCode).toBe(1000); // the server must know that this is no line that fell
    await pass(60_000);
    expect(w.server.connections).toHaveLength(1);
    await during(chat.login({ userID: 'bob', userSig: 's' }));
    expect(chat.getLoginUser()).toBe('bob');
    expect(of(EVENT.SDK_READY)).toHaveLength(2);
    expect((await during(chat.joinGroup({ groupID: 'demo' }))).data.status).toBe(TYPES.JOIN_STATUS_SUCCESS);
    await during(chat.logout());
    await during(chat.logout()); // allowed while not ready
  });

  test('logout during a login', async () => {
    const { chat, of } = client(w.server);
    const login = chat.login({ userID: 'alice', userSig: 's' });
    login.catch(() => {});
    await during(chat.logout());
    expect((await refused(login)).code).toBe(3005);
    expect(of(EVENT.SDK_READY)).toEqual([]);
  });
});

describe('who one is', () => {
  test('nobody as a guest, then with nick and avatar, and as they change', async () => {
    const { chat } = client(w.server);
    await during(chat.joinGroup({ groupID: 'demo' }));
    expect(chat.getSelf()).toEqual({ userID: '', nick: '', avatar: '' });
    await during(chat.login({ userID: 'alice', userSig: 'sig' }));
    expect(chat.getSelf()).toEqual({ userID: 'alice', nick: 'Alice', avatar: 'https://a/alice.png' });
    w.server.event('demo', 'member', { user: 'alice', nick: 'Alicia', avatar: '' });
    expect(chat.getSelf()).toEqual({ userID: 'alice', nick: 'Alicia', avatar: '' });
    await during(chat.logout());
    expect(chat.getSelf().userID).toBe('');
  });
});

describe('being sent away', () => {
  test.each([
    ['replaced', { type: 'multipleAccount' }, 'multipleAccount'], ['replaced', { type: 'multipleDevice' }, 'multipleDevice'],
    ['usersig_expired', {}, 'userSigExpired'], ['kicked', { type: 'REST_API_Kick' }, 'REST_API_Kick'], ['kicked', {}, 'REST_API_Kick'],
  ])('%s %o: KICKED_OUT %s, not ready, no coming back by itself', async (reason, more, type) => {
    const { chat, of } = await inRoom(w.server);
    w.server.last().bye(reason, more);
    await pass(60_000);
    expect(of(EVENT.KICKED_OUT)).toEqual([{ type }]);
    expect(of(EVENT.SDK_NOT_READY)).toHaveLength(1);
    expect(chat.isReady()).toBe(false);
    expect(w.server.connections).toHaveLength(1);
    await during(chat.login({ userID: 'alice', userSig: 'new' }));
    expect((await during(chat.joinGroup({ groupID: 'demo' }))).data.status).toBe('JoinedSuccess');
  });

  test('a UserSig that ran out while the line was down', async () => {
    const { of } = await inRoom(w.server);
    w.server.refuse.auth = { code: 70001, error: 'usersig_expired' };
    w.server.cut();
    await pass(2000);
    expect(of(EVENT.KICKED_OUT)).toEqual([{ type: 'userSigExpired' }]);
  });

  test('an SDK that became too old while it ran', async () => {
    const { of, chat } = await loggedIn(w.server);
    w.server.last().bye('client_too_old', { detail: 'take a newer one' });
    await pass(60_000);
    expect(of(EVENT.ERROR)).toEqual([{ code: 110001, message: 'take a newer one' }]);
    expect(chat.isReady()).toBe(false);
    expect(w.server.connections).toHaveLength(1);
  });
});
