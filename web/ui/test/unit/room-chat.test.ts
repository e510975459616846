import { create, type Environment } from 'liveroom-sdk';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeServer, type Frame } from '../../../sdk/test/fake-server.ts';
import { ApiError } from '../../src/api/client.ts';
import type { StatusRecord } from '../../src/api/types.ts';
import type { Identities, Identity, NamedGuest } from '../../src/chat/identity.ts';
import type { MessageRow } from '../../src/chat/log.ts';
import { RoomChat } from '../../src/chat/room-chat.ts';
import { barrier } from '../../src/components/composer.tsx';
import { record } from './make.ts';

class Memory implements Identities {
  who: Identity | null = null;
  load = () => this.who;
  save = (g: NamedGuest) => void (this.who = { userID: g.userId, userSig: g.userSig, nick: g.nick, guest: true });
  renamed = (nick: string) => void (this.who &&= { ...this.who, nick });
  forget = () => void (this.who = null);
}

let app = 1;
let server: FakeServer;
let identities: Memory;
let statuses: StatusRecord[];
let said: [string, boolean][];
let titles: string[];
let chat: RoomChat;
let createGuest: (nick: string) => Promise<{ userId: string; userSig: string; expiresAt: string }>;
let environment: Partial<Environment>;
const watchers = new Set<(what: 'visible') => void>();

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  identities = new Memory();
  statuses = [];
  said = [];
  titles = [];
  createGuest = vi.fn((nick: string) => {
    server.users.set('guest_1', { nick, avatar: '' });
    return Promise.resolve({ userId: 'guest_1', userSig: 'sig', expiresAt: '2030-01-01T00:00:00Z' });
  });
  environment = { socket: server.socket, log: () => {}, online: () => true, watch: (tell) => (watchers.add(tell), () => watchers.delete(tell)) };
  chat = new RoomChat({
    sdk: create({ SDKAppID: app++, host: 'https://live.example', environment }),
    group: 'demo',
    identities,
    createGuest: (nick) => createGuest(nick),
    onStatus: (r) => void statuses.push(r),
    onTitle: (title) => void titles.push(title),
    onLive: (text, own) => void said.push([text, own]),
    random: () => 0.5,
  });
});
afterEach(async () => {
  chat.stop();
  await pass();
  vi.useRealTimers();
});

const pass = (ms = 20) => vi.advanceTimersByTimeAsync(ms);
const texts = () => chat.log.value.rows.map((row) => (row.kind === 'message' ? row.parts.map((p) => (p.kind === 'text' ? p.text : p.kind)).join('') : row.kind));
const row = () => chat.log.value.rows.at(-1) as MessageRow;
const state = () => chat.presence.value.state;
async function online(): Promise<void> {
  chat.start();
  await pass();
  expect(chat.presence.value).toEqual({ state: 'online' });
}
const as = (userID: string, guest = false) => {
  identities.who = { userID, userSig: `sig-of-${userID}`, nick: '', guest };
  server.users.set(userID, { nick: userID[0]?.toUpperCase() + userID.slice(1), avatar: `https://x/${userID}.png` });
};

describe('entering', () => {
  test('a stranger listens at once', async () => {
    Object.assign(server.group().state, { notice: 'hello', count: { members: 2, viewers: 3, online: 4 } });
    await online();
    expect(chat.me.value).toMatchObject({ anonymous: true, guest: true });
    expect(chat.session.value).not.toBe('');
    expect([chat.notice.value, chat.online.value, chat.role.value]).toEqual(['hello', 4, '']);
    expect(server.asked('auth')[0]).not.toHaveProperty('userId');
  });

  test('a remembered guest and a signed-in user are themselves', async () => {
    as('bo', true);
    await online();
    expect(chat.me.value).toEqual({ user: 'bo', nick: 'Bo', avatar: 'https://x/bo.png', anonymous: false, guest: true });
    expect(server.asked('auth')[0]).toMatchObject({ userId: 'bo', userSig: 'sig-of-bo' });
  });

  test('the owner keeps order, a member does not', async () => {
    as('anna');
    await online();
    expect([chat.role.value, chat.keepsOrder.value]).toEqual(['Owner', true]);
    server.event('demo', 'role', { user: 'anna', role: 'Member', by: 'x' });
    expect(chat.keepsOrder.value).toBe(false);
  });

  test('who has a signature that ran out is forgotten, and listens', async () => {
    as('bo', true);
    server.refuse.auth = (frame) => (frame.userSig ? { code: 70001, error: 'usersig_expired' } : null);
    chat.start();
    await pass(2000);
    expect(identities.who).toBeNull();
    expect(chat.me.value.anonymous).toBe(true);
    expect(state()).toBe('online');
    expect(chat.remark.value).toBe('err_signature');
  });

  test('an address locked out for a minute does not lose its guest', async () => {
    as('bo', true);
    server.refuse.auth = { code: 70050, error: 'too_many_failures', temporary: true };
    chat.start();
    await pass(1000);
    expect(state()).toBe('offline');
    delete server.refuse.auth;
    await pass(25_000);
    expect(chat.me.value.user).toBe('bo');
    expect(state()).toBe('online');
  });

  test('history and the status attribute are taken in, and do not fly over the picture', async () => {
    server.say('demo', 'ana', 'a');
    server.say('demo', 'ana', 'b');
    server.group().state.attributes = { live_status: JSON.stringify(record('live', 5)) };
    await online();
    expect(texts()).toEqual(['a', 'b']);
    expect(statuses.map((r) => r.version)).toEqual([5]);
    expect(said).toEqual([]);
  });

  test.each([
    ['banned', { code: 10007, error: 'banned', until: 4294967295 }, { why: 'banned', until: 4294967295 }],
    ['in a room that is gone', { code: 10010, error: 'no_such_group' }, { why: 'dismissed' }],
    ['on too many devices', { code: 10004, error: 'too_many_instances' }, { why: 'too_many_devices' }],
  ])('who is %s is told, and does not try again by itself', async (_name, refusal, want) => {
    server.refuse.join = refusal;
    chat.start();
    await pass(120_000);
    chat.wake();
    await pass(1000);
    expect(chat.presence.value).toMatchObject({ state: 'out', ...want });
    expect(server.asked('join')).toHaveLength(1);
  });

  test('a server that is not there is tried again, and at once when the page is seen', async () => {
    server.doors = 'shut';
    chat.start();
    await pass(60_000);
    expect(state()).toBe('offline');
    await pass(30_000);
    server.doors = 'open';
    for (const tell of watchers) tell('visible'); // the browser tells the SDK, which may sit out a wait of its own,
    chat.wake(); // and the page
    await pass();
    expect(state()).toBe('online');
  });

  test('stopped is stopped', async () => {
    await online();
    chat.stop();
    await pass(60_000);
    expect(server.connections).toHaveLength(1);
    expect(server.last().isOpen).toBe(false);
  });
});

describe('receiving', () => {
  test('messages and states, each from its own room', async () => {
    await online();
    server.say('demo', 'ana', 'c');
    server.last().push({ push: 'batch', group: 'another', items: [{ type: 'message', seq: 9, from: 'ana', body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: 'not here' } }] }] });
    server.event('demo', 'count', { members: 3, viewers: 2, online: 99 });
    server.event('demo', 'notice', { notice: 'new' });
    server.event('demo', 'profile', { name: 'Another title', owner: 'anna' });
    server.event('demo', 'profile', { name: 'Another title', owner: 'bo' });
    expect(texts()).toEqual(['c']);
    expect(said).toEqual([['c', false]]);
    expect([chat.online.value, chat.notice.value]).toEqual([99, 'new']);
    expect(titles).toEqual(['Another title']);
  });

  test('a change of status, by message and by attribute, only from the server', async () => {
    await online();
    const status = (r: StatusRecord) => [{ MsgType: 'TIMCustomElem', MsgContent: { Data: JSON.stringify({ type: 'live_status', ...r }) } }];
    server.say('demo', 'mallory', status(record('ended', 9)));
    server.say('demo', 'administrator', status(record('live', 2, { reason: 'push_started' })));
    server.event('demo', 'attributes', { attributes: { live_status: JSON.stringify(record('paused', 3)) } });
    expect(statuses.map((r) => r.name)).toEqual(['live', 'paused']);
    expect(texts()).toEqual(['status']);
  });

  test('what users send to each other is not for the room', async () => {
    as('bo');
    await online();
    server.last().push({ push: 'c2c', message: { seq: 0, time: 1, from: 'ana', to: 'bo', random: 1, body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: 'psst' } }] } });
    expect(texts()).toEqual([]);
  });

  test('recalled and blocked messages disappear, a changed one is read anew', async () => {
    await online();
    for (const text of ['a', 'b', 'c']) server.say('demo', 'ana', text);
    server.event('demo', 'recalled', { messages: [{ seq: 1, from: 'ana' }], by: 'anna', reason: '' });
    server.event('demo', 'modified', { messages: [{ seq: 3, from: 'ana', hasRiskContent: true }], reason: '' });
    expect(texts()).toEqual(['b']);
  });

  test('a hole in the numbers is shown', async () => {
    await online();
    server.say('demo', 'ana', 'a');
    server.group().seq += 5;
    server.say('demo', 'ana', 'b');
    expect(texts()).toEqual(['a', 'gap', 'b']);
  });

  test('who comes and goes, what the operator tells, and other names', async () => {
    await online();
    server.say('demo', 'ana', 'a', { nick: 'Ana' });
    server.event('demo', 'tips', { joined: [{ user: 'cy', nick: 'Cy', avatar: '' }], left: [], members: 5 });
    server.event('demo', 'tips', { joined: [{ user: 'di', nick: 'Di', avatar: '' }], left: [], members: 6 });
    server.event('demo', 'notification', { content: 'Back in five', by: 'administrator', time: 1 });
    server.event('demo', 'member', { user: 'ana', nick: 'Anna', avatar: '' });
    expect(chat.log.value.rows).toMatchObject([{ nick: 'Anna' }, { kind: 'crowd', joined: [{ nick: 'Cy' }, { nick: 'Di' }] }, { kind: 'system', text: 'Back in five' }]);
  });
});

describe('a server without its store', () => {
  const kept = () => !chat.degraded.value;

  test('says that not all of the room reads along, until all do again', async () => {
    await online();
    expect(kept()).toBe(true);
    server.event('demo', 'degraded', { degraded: true });
    expect([kept(), state()]).toEqual([false, 'online']);
    server.event('demo', 'degraded', { degraded: false });
    expect(kept()).toBe(true);
  });

  test('says so to who comes meanwhile, and no more when he is back after it', async () => {
    as('bo');
    server.also.join = { degraded: true };
    await online();
    expect(kept()).toBe(false);
    server.last().push({ push: 'left', group: 'demo', reason: 'kicked', by: '', detail: '', until: 0 });
    server.last().rooms.delete('demo');
    server.also.join = {};
    chat.comeBack();
    await pass();
    expect([kept(), state()]).toEqual([true, 'online']);
  });

  test('and to who takes a name', async () => {
    server.also.join = { degraded: true };
    await online();
    const named = chat.takeName('Bo');
    await pass();
    await named;
    expect([kept(), chat.me.value.nick, state()]).toEqual([false, 'Bo', 'online']);
  });
});

describe('coming back', () => {
  test('goes on where it was, and fills what was missed', async () => {
    await online();
    server.say('demo', 'ana', 'c');
    server.cut();
    expect(state()).toBe('offline');
    server.say('demo', 'ana', 'd');
    await pass(2000);
    expect(state()).toBe('online');
    expect(texts()).toEqual(['c', 'd']);
  });

  test('says where messages are missing', async () => {
    await online();
    server.say('demo', 'ana', 'c');
    server.cut();
    server.group().epoch = 'E2';
    server.group().log.length = 0;
    server.say('demo', 'ana', 'z');
    await pass(2000);
    expect(texts()).toEqual(['c', 'gap', 'z']);
  });

  test('a server that stops sends everybody away with a delay, and the page obeys', async () => {
    await online();
    server.last().bye('going_away', { reconnect: true, afterMs: 3000 });
    await pass(2900);
    expect(server.connections).toHaveLength(1);
    await pass(2000);
    expect(state()).toBe('online');
  });
});

describe('being out', () => {
  test.each([
    ['kicked', { by: 'anna', detail: 'a break' }, { why: 'kicked', detail: 'a break' }],
    ['banned', { by: 'anna', until: 1790000000 }, { why: 'banned', until: 1790000000 }],
    ['joined_elsewhere', {}, { why: 'joined_elsewhere' }],
    ['left_elsewhere', {}, { why: 'left_elsewhere' }],
    ['of a kind this page does not know', {}, { why: 'closed' }],
  ])('%s is told, and the line stays quiet until somebody acts', async (reason, more, want) => {
    as('bo');
    await online();
    server.say('demo', 'ana', 'before');
    server.last().push({ push: 'left', group: 'demo', reason, by: '', detail: '', until: 0, ...more });
    server.last().rooms.delete('demo');
    expect(chat.presence.value).toMatchObject({ state: 'out', ...want });
    await pass(60_000);
    expect(server.asked('join')).toHaveLength(1);
    chat.comeBack();
    await pass();
    expect(state()).toBe('online');
    expect(texts()).toEqual(['before']); // its history, not twice
  });

  test('a dismissed room', async () => {
    await online();
    server.event('demo', 'dismissed', {});
    expect(chat.presence.value).toMatchObject({ state: 'out', why: 'dismissed' });
  });

  test.each([
    ['replaced', { type: 'multipleAccount' }, 'replaced'],
    ['replaced', { type: 'multipleDevice' }, 'too_many_devices'],
    ['kicked', { type: 'REST_API_Kick' }, 'sent_away'],
  ])('a login that ended (%s %j)', async (reason, more, why) => {
    as('bo');
    await online();
    server.last().bye(reason, more);
    await pass(60_000);
    expect(chat.presence.value).toMatchObject({ state: 'out', why });
    expect(server.connections).toHaveLength(1);
    chat.comeBack();
    await pass();
    expect([state(), chat.me.value.user]).toEqual(['online', 'bo']);
  });

  test('a name that ran out meanwhile is only a name', async () => {
    as('bo', true);
    await online();
    server.last().bye('usersig_expired');
    await pass();
    expect(identities.who).toBeNull();
    expect([state(), chat.me.value.anonymous, chat.remark.value]).toEqual(['online', true, 'err_signature']);
  });

  test('a page that is too old', async () => {
    await online();
    server.last().bye('client_too_old');
    expect(chat.presence.value).toMatchObject({ state: 'out', why: 'too_old' });
  });
});

describe('what one may do now', () => {
  test('a mute, its end by itself, and one lifted early', async () => {
    as('bo');
    await online();
    const now = () => Math.floor(Date.now() / 1000);
    server.event('demo', 'mute', { user: 'bo', until: now() + 30, by: 'anna', nick: '' });
    expect(barrier(chat)).toEqual({ say: 'bar_muted', until: now() + 30 });
    await pass(31_000);
    expect(barrier(chat)).toBeNull();
    server.event('demo', 'mute', { user: 'bo', until: 4294967295, by: 'anna', nick: '' });
    expect(barrier(chat)?.say).toBe('bar_muted_forever');
    server.event('demo', 'mute', { user: 'bo', until: 0, by: 'anna', nick: '' });
    expect(barrier(chat)).toBeNull();
    server.event('demo', 'mute', { user: 'cy', until: 4294967295, by: 'anna', nick: '' });
    expect(barrier(chat)).toBeNull();
  });

  test('everybody’s mute binds all but who keeps order', async () => {
    as('bo');
    await online();
    const { settings } = server.group().state;
    server.event('demo', 'settings', { ...settings, muteAll: true });
    expect(barrier(chat)?.say).toBe('bar_muted_all');
    server.event('demo', 'role', { user: 'bo', role: 'Admin', by: 'anna' });
    expect(barrier(chat)).toBeNull();
  });

  test('a room where guests only read', async () => {
    server.group().state.settings.guestsSpeak = false;
    await online();
    expect(barrier(chat)?.say).toBe('bar_guests');
    chat.stop();
    const signed = new RoomChat({ sdk: create({ SDKAppID: app++, host: 'https://live.example', environment }), group: 'demo', identities, createGuest });
    as('bo');
    signed.start();
    await pass();
    expect(barrier(signed)).toBeNull();
    signed.stop();
  });

  test('slow mode counts down', async () => {
    as('bo');
    await online();
    server.also.send = { nextAt: Date.now() + 5000 };
    await during(chat.say('hi'));
    expect(chat.wait()).toBeGreaterThan(3000);
    await pass(6000);
    expect(chat.wait()).toBe(0);
  });

  test('recall, mute, kick, ban', async () => {
    as('anna');
    await online();
    server.say('demo', 'bo', 'rude');
    await during(chat.mute('bo', 600));
    await during(chat.kick('bo'));
    await during(chat.ban('bo', 4294967295));
    await during(chat.recall(row()));
    expect([server.asked('mute')[0], server.asked('kick')[0], server.asked('ban')[0], server.asked('recall')[0]]).toMatchObject([
      { group: 'demo', user: 'bo', seconds: 600 }, { users: ['bo'] }, { users: ['bo'], seconds: 4294967295 }, { seq: 1 },
    ]);
    expect(texts()).toEqual([]);
    server.refuse.mute = { code: 10007, error: 'no_permission' };
    await during(chat.mute('anna2', 600));
    expect(chat.remark.value).toBe('err_refused');
  });
});

async function during<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  await pass(50);
  return promise;
}

describe('taking a name', () => {
  test('goes on in the same room as somebody who may speak', async () => {
    server.say('demo', 'ana', 'before');
    await online();
    await during(chat.takeName('Bo'));
    expect(chat.me.value).toMatchObject({ user: 'guest_1', nick: 'Bo', anonymous: false, guest: true });
    expect([state(), texts()]).toEqual(['online', ['before']]);
    await during(chat.say('hi'));
    expect(row()).toMatchObject({ nick: 'Bo', state: 'sent', own: true });
    expect(server.connections.filter((c) => c.isOpen)).toHaveLength(1);
  });

  test('a refused name is told, and one listens on', async () => {
    createGuest = () => Promise.reject(new ApiError(422, 'bad_parameter', 'reserved', 'nick'));
    await online();
    await expect(during(chat.takeName('admin'))).rejects.toThrow('reserved');
    expect([identities.who, state()]).toEqual([null, 'online']);
  });

  test('a name that was made but not reached is not made twice', async () => {
    await online();
    server.refuse.auth = { code: 10002, error: 'store_unavailable', temporary: true };
    await expect(during(chat.takeName('Bo'))).rejects.toMatchObject({ code: 10002 });
    delete server.refuse.auth;
    await pass(25_000);
    expect([state(), chat.me.value.nick]).toEqual(['online', 'Bo']);
    expect(createGuest).toHaveBeenCalledTimes(1);
  });

  test('another name for who has one', async () => {
    as('bo', true);
    await online();
    server.say('demo', 'bo', 'hi', { nick: 'Bo' });
    await during(chat.takeName('Bob'));
    expect(server.asked('setProfile')[0]).toMatchObject({ nick: 'Bob' });
    expect([chat.me.value.nick, identities.who?.nick]).toEqual(['Bob', 'Bob']);
    expect(createGuest).not.toHaveBeenCalled();
  });
});

describe('speaking', () => {
  beforeEach(async () => {
    as('bo');
    await online();
  });

  test('the own row is there at once, with own nick and avatar, and once', async () => {
    const done = chat.say('hi');
    expect(row()).toMatchObject({ state: 'sending', nick: 'Bo', avatar: 'https://x/bo.png', own: true });
    await during(done);
    expect(row().state).toBe('sent');
    expect(texts()).toEqual(['hi']);
    expect(said).toEqual([['hi', true]]);
    expect(server.asked('send')[0]).toMatchObject({ group: 'demo', body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: 'hi' } }] });
  });

  test('what the room’s limit drops stays, as sent', async () => {
    server.limiterFull = true;
    await during(chat.say('dropped'));
    server.say('demo', 'ana', 'next');
    expect(texts()).toEqual(['dropped', 'next']);
    expect((chat.log.value.rows[0] as MessageRow).state).toBe('sent');
  });

  test('the text is shown as the room delivered it', async () => {
    server.rewrite = () => [{ MsgType: 'TIMTextElem', MsgContent: { Text: 'h*' } }];
    await during(chat.say('hi'));
    expect(texts()).toEqual(['h*']);
  });

  test('of another device is an own row too', () => {
    server.say('demo', 'bo', 'from my phone');
    expect(row()).toMatchObject({ own: true, state: 'sent' });
  });

  test.each<[Frame, string]>([
    [{ code: 10017, error: 'muted', until: 4294967295 }, 'err_muted'],
    [{ code: 10017, error: 'muted_all' }, 'err_muted_all'],
    [{ code: 10023, error: 'too_many_messages', temporary: true, nextAt: 1 }, 'err_fast'],
    [{ code: 10023, error: 'slow_mode', temporary: true, nextAt: 1 }, 'err_slow'],
    [{ code: 10006, error: 'too_fast', temporary: true }, 'err_fast'],
    [{ code: 80001, error: 'blocked' }, 'err_blocked'],
    [{ code: 80002, error: 'message_too_large' }, 'err_long'],
    [{ code: 80002, error: 'file_too_large' }, 'err_picture_size'],
    [{ code: 10023, error: 'too_many_uploads', temporary: true }, 'err_uploads'],
    [{ code: 10007, error: 'no_permission' }, 'err_refused'],
    [{ code: 10007, error: 'banned' }, 'err_banned'],
    [{ code: 10007, error: 'not_joined' }, 'err_out'],
    [{ code: 10010, error: 'no_such_group' }, 'err_room_gone'],
    [{ code: 10002, error: 'store_unavailable', temporary: true }, 'err_busy'],
    [{ code: 10003, error: 'unknown_op' }, 'err_unsupported'],
    [{ code: 70001, error: 'usersig_expired' }, 'err_signature'],
    [{ code: 40005, error: 'nick_refused', field: 'nick' }, 'err_nick'],
    [{ code: 12345 }, 'err_unknown'],
    [{ code: 12345, temporary: true }, 'err_busy'],
  ])('%j is told as %s', async (refusal, key) => {
    server.refuse.send = refusal;
    await during(chat.say('hi'));
    expect(row()).toMatchObject({ state: 'failed', error: key });
  });

  test('a mute that the page had not heard of disables it', async () => {
    const until = Math.floor(Date.now() / 1000) + 60;
    server.refuse.send = { code: 10017, error: 'muted', until };
    await during(chat.say('hi'));
    expect(barrier(chat)).toEqual({ say: 'bar_muted', until });
  });

  test('without a line it waits, is told after a while, and can be tried again under the same number', async () => {
    server.doors = 'shut';
    server.cut();
    const sending = chat.say('hi');
    await pass(10_000);
    expect(row().state).toBe('sending');
    await pass(10_000);
    await sending;
    expect(row()).toMatchObject({ state: 'failed', error: 'err_offline' });
    server.doors = 'open';
    await pass(30_000);
    const failed = row();
    await during(chat.again(failed));
    expect(row()).toMatchObject({ state: 'sent' });
    expect(row()).not.toHaveProperty('error');
    await during(chat.again(row()));
    expect(server.asked('send').map((f) => f.random)).toEqual([failed.message.random]);
    expect(texts()).toEqual(['hi']);
  });

  test('what waited through a short loss is delivered once', async () => {
    server.swallow.add('send');
    const sending = chat.say('hi');
    await pass(10);
    server.swallow.clear();
    server.cut();
    await pass(3000);
    await sending;
    expect(row().state).toBe('sent');
    expect(texts()).toEqual(['hi']);
  });
});

describe('showing a picture', () => {
  const photo = () => new File(['x'.repeat(100)], 'cat.png', { type: 'image/png' });

  test('it is there while it goes up, then from where the server keeps it', async () => {
    as('bo');
    let put: (() => void) | undefined;
    environment.upload = ({ onProgress }) => new Promise((resolve) => ((put = resolve), onProgress(0.4)));
    chat.stop();
    chat = new RoomChat({ sdk: create({ SDKAppID: app++, host: 'https://live.example', environment }), group: 'demo', identities, createGuest });
    server.also.upload = { id: 'u1', url: 'https://live.example/files/u1', put: { url: 'https://live.example/put', headers: {} } };
    await online();
    const showing = chat.picture(photo());
    await pass();
    expect(row()).toMatchObject({ state: 'sending', progress: 0.4, parts: [{ kind: 'image', url: '' }] });
    expect((row().parts[0] as { thumb: string }).thumb).toMatch(/^blob:/);
    put?.();
    await during(showing);
    expect(row()).toMatchObject({ state: 'sent', parts: [{ kind: 'image', thumb: 'https://live.example/files/u1' }] });
    expect(row()).not.toHaveProperty('progress');
    expect(texts()).toEqual(['image']);
  });

  test('a server that takes none is believed', async () => {
    as('bo');
    server.refuse.upload = { code: 10007, error: 'uploads_off' };
    environment.upload = () => Promise.resolve();
    chat.stop();
    chat = new RoomChat({ sdk: create({ SDKAppID: app++, host: 'https://live.example', environment }), group: 'demo', identities, createGuest });
    await online();
    await during(chat.picture(photo()));
    expect(row()).toMatchObject({ state: 'failed', error: 'err_uploads_off' });
    expect(chat.uploadsOff.value).toBe(true);
  });

  test('what is no picture is told', async () => {
    as('bo');
    await online();
    await during(chat.picture(new File(['x'], 'notes.txt', { type: 'text/plain' })));
    expect(row()).toMatchObject({ state: 'failed', error: 'err_picture_type' });
  });
});
