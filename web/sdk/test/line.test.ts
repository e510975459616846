import { describe, expect, test } from 'vitest';
import { EVENT } from '../src/constants.ts';
import { client, during, inRoom, loggedIn, pass, refused, text, world } from './helper.ts';

const w = world();
const states = (c: { of(name: string): { state: string }[] }) => c.of(EVENT.NET_STATE_CHANGE).map((d) => d.state);

describe('coming back', () => {
  test('by itself, into the room, with what was missed, and states told on change only', async () => {
    const alice = await inRoom(w.server);
    w.server.say('demo', 'bob', 'one');
    w.server.cut();
    w.server.say('demo', 'bob', 'two');
    w.server.event('demo', 'notice', { notice: 'new' });
    w.server.event('demo', 'count', { members: 8, viewers: 0, online: 8 });
    await pass(2000);
    expect(alice.texts().slice(0, 1).concat(alice.texts().slice(-1))).toEqual(['one', 'two']);
    expect(alice.messages().map((m) => m.payload.text ?? m.payload.newGroupProfile)).toEqual(['one', { notification: 'new' }, 'two']);
    expect(alice.of(EVENT.LIVEROOM_COUNT).at(-1)).toMatchObject({ members: 8 });
    expect(alice.of(EVENT.LIVEROOM_GAP)).toEqual([]);
    expect(states(alice)).toEqual(['connecting', 'connected', 'connecting', 'connected']);
    expect(alice.chat.getNetState()).toBe('connected');
    expect(alice.of(EVENT.SDK_READY)).toHaveLength(1); // the page does nothing
    expect(w.server.asked('join').at(-1)).toMatchObject({ group: 'demo', epoch: 'E1', seq: 1 });
    expect(w.server.asked('auth').at(-1)).toMatchObject({ session: expect.stringMatching(/^S/), instance: w.server.asked('auth')[0]?.instance });
  });

  test('a guest comes back too', async () => {
    const guest = client(w.server);
    await during(guest.chat.joinGroup({ groupID: 'demo' }));
    w.server.cut();
    w.server.say('demo', 'bob', 'missed');
    await pass(2000);
    w.server.say('demo', 'bob', 'now');
    expect(guest.texts()).toEqual(['missed', 'now']);
  });

  test('several rooms at once', async () => {
    const alice = await inRoom(w.server, 'alice', { unlimitedAVChatRoom: true });
    await during(alice.chat.joinGroup({ groupID: 'other' }));
    w.server.cut();
    w.server.say('demo', 'bob', 'a');
    w.server.say('other', 'bob', 'b');
    await pass(2000);
    expect(alice.messages().map((m) => m.to).sort()).toEqual(['demo', 'other']);
  });

  test('attributes, counters, settings, mutes and role that changed are told as if just now', async () => {
    const alice = await inRoom(w.server);
    w.server.cut();
    const g = w.server.group();
    Object.assign(g.state, { attributes: { a: '1' }, counters: { likes: 3 }, settings: { ...g.state.settings, muteAll: true, slowMode: 5 }, mute: { all: true, until: 0 }, profile: { name: 'demo', owner: 'alice' } });
    g.versions = { ...g.versions, attributes: 1, counters: 1, settings: 1, profile: 1 };
    alice.forget();
    w.server.also.join = { limits: { slowMode: 5, nextAt: Date.now() + 60_000 } };
    await pass(2000);
    expect(alice.of(EVENT.GROUP_ATTRIBUTES_UPDATED)).toEqual([{ groupID: 'demo', groupAttributes: { a: '1' }, updatedKeyList: ['a'], deletedKeyList: [] }]);
    expect(alice.of(EVENT.GROUP_COUNTER_UPDATED)).toEqual([{ groupID: 'demo', key: 'likes', value: 3 }]);
    expect(alice.of(EVENT.LIVEROOM_ROLE).at(-1)).toEqual({ groupID: 'demo', role: 'Owner' });
    expect(alice.of(EVENT.LIVEROOM_MUTED).at(-1)).toMatchObject({ muted: false, all: true });
    expect(alice.of(EVENT.LIVEROOM_LIMITS).at(-1)).toMatchObject({ slowMode: 5, nextAt: w.server.also.join.limits.nextAt });
    await during(alice.chat.setGroupAttributes({ groupID: 'demo', groupAttributes: { b: '2' } })); // no 10056
  });

  test('messages withdrawn meanwhile are withdrawn', async () => {
    const alice = await inRoom(w.server);
    for (const said of ['one', 'two']) w.server.say('demo', 'bob', said);
    const [one, two] = alice.messages();
    w.server.cut();
    w.server.also.join = { withdrawn: [{ seq: 1, kind: 'recalled', by: 'anna', reason: 'spam' }, { seq: 2, kind: 'blocked', by: '', reason: '' }] };
    await pass(2000);
    expect(alice.of(EVENT.MESSAGE_REVOKED)).toEqual([[one]]);
    expect(one).toMatchObject({ isRevoked: true, revoker: 'anna', revokeReason: 'spam' });
    expect(alice.of(EVENT.MESSAGE_MODIFIED)).toEqual([[two]]);
    expect(two).toMatchObject({ hasRiskContent: true });
  });

  test('events that arrive between the answer to auth and the one to join wait', async () => {
    const alice = await inRoom(w.server);
    w.server.cut();
    w.server.say('demo', 'bob', 'missed');
    w.server.refuse.join = (frame) => {
      w.server.line('alice').push({ push: 'batch', group: 'demo', items: [{ type: 'message', seq: 2, from: 'bob', random: 77, body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: 'live' } }] }] });
      return frame && null;
    };
    await pass(2000);
    expect(alice.texts()).toEqual(['missed', 'live']);
  });

  test('a call made while the line is down waits for the next', async () => {
    const alice = await inRoom(w.server);
    w.server.cut();
    expect((await during(alice.chat.getGroupProfile({ groupID: 'demo' }), 2000)).data.group.groupID).toBe('demo');
  });

  test('a call nobody answers: 2801; without server 2800; offline 2805', async () => {
    const alice = await inRoom(w.server);
    w.server.swallow.add('group');
    expect((await refused(alice.chat.getGroupProfile({ groupID: 'demo' }), 15_000)).code).toBe(2801);
    w.server.doors = 'shut';
    w.server.cut();
    expect(await refused(alice.chat.getGroupProfile({ groupID: 'demo' }), 15_000)).toMatchObject({ code: 2800, data: { temporary: true } });
    const bob = await loggedInOffline();
    expect((await refused(bob.getGroupProfile({ groupID: 'demo' }), 15_000)).code).toBe(2805);
  });

  async function loggedInOffline() {
    let online = true;
    w.server.doors = 'open';
    const { chat } = await loggedIn(w.server, 'bob', {}, { online: () => online });
    online = false;
    w.server.doors = 'shut';
    w.server.cut();
    return chat;
  }
});

describe('what cannot be had any more', () => {
  test('a log that no longer reaches back: the hole is told once, then the newest', async () => {
    const alice = await inRoom(w.server);
    w.server.say('demo', 'bob', '1');
    w.server.cut();
    for (let n = 2; n <= 40; n++) w.server.say('demo', 'bob', String(n));
    const g = w.server.group();
    w.server.also.join = { complete: false, messages: g.log.slice(-20) };
    alice.forget();
    await pass(2000);
    expect(alice.of(EVENT.LIVEROOM_GAP)).toEqual([{ groupID: 'demo', complete: false, from: 2, to: 20 }]);
    expect(alice.texts()).toEqual(Array.from({ length: 20 }, (_, i) => String(21 + i)));
    const order = alice.events.map((e) => e.name).filter((n) => n === EVENT.LIVEROOM_GAP || n === EVENT.MESSAGE_RECEIVED);
    expect(order).toEqual([EVENT.LIVEROOM_GAP, EVENT.MESSAGE_RECEIVED]);
  });

  test('too many came back at once, but the history covers it: no gap, nothing doubled', async () => {
    const alice = await inRoom(w.server);
    for (const said of ['1', '2']) w.server.say('demo', 'bob', said);
    w.server.cut();
    w.server.say('demo', 'bob', '3');
    w.server.also.join = { complete: false, messages: w.server.group().log.slice(-20) };
    await pass(2000);
    expect(alice.of(EVENT.LIVEROOM_GAP)).toEqual([]);
    expect(alice.texts()).toEqual(['1', '2', '3']);
  });

  test('a crash that skipped ahead: the hole at the end is told', async () => {
    const alice = await inRoom(w.server);
    w.server.say('demo', 'bob', '1');
    w.server.cut();
    w.server.group().seq = 1000;
    w.server.also.join = { complete: false, messages: w.server.group().log.slice(-20) };
    await pass(2000);
    expect(alice.of(EVENT.LIVEROOM_GAP)).toEqual([{ groupID: 'demo', complete: false, from: 2, to: 1000 }]);
    delete w.server.also.join;
    w.server.say('demo', 'bob', 'next');
    expect(alice.texts()).toEqual(['1', 'next']);
    expect(alice.of(EVENT.LIVEROOM_GAP)).toHaveLength(1);
  });

  test('a group made anew under the same name begins again', async () => {
    const alice = await inRoom(w.server);
    for (const said of ['1', '2', '3']) w.server.say('demo', 'bob', said);
    await during(alice.chat.setGroupAttributes({ groupID: 'demo', groupAttributes: { a: '1' } }));
    w.server.cut();
    w.server.groups.delete('demo');
    w.server.group().epoch = 'E2';
    w.server.say('demo', 'bob', 'of the new one', { random: 1002 }); // the ID of '2'
    alice.forget();
    await pass(2000);
    expect(alice.of(EVENT.LIVEROOM_GAP)).toEqual([{ groupID: 'demo', complete: false }]);
    expect(alice.texts()).toEqual(['of the new one']);
    expect(alice.messages().find((m) => m.payload.text)?.ID).toBe('bob-1002');
    expect(alice.of(EVENT.GROUP_ATTRIBUTES_UPDATED)).toMatchObject([{ deletedKeyList: ['a'] }]);
    w.server.say('demo', 'bob', 'and on');
    expect(alice.texts()).toEqual(['of the new one', 'and on']);
    await during(alice.chat.setGroupAttributes({ groupID: 'demo', groupAttributes: { b: '1' } }));
    expect(w.server.asked('setAttributes').at(-1)).toMatchObject({ version: 0 });
  });

  test.each([[10007, 'banned', 21], [10010, 'no_such_group', 5], [10015, 'bad_group_id', 5]])('a room that no longer takes one: %i %s is notice %i', async (code, error, operationType) => {
    const alice = await inRoom(w.server);
    w.server.cut();
    w.server.refuse.join = { code, error, until: 1_900_000_000 };
    await pass(2000);
    expect(alice.messages()).toMatchObject([{ payload: { operationType } }]);
    expect(alice.of(EVENT.LIVEROOM_LEFT)).toHaveLength(1);
    expect(alice.chat.isReady()).toBe(true);
    expect(alice.chat.getNetState()).toBe('connected');
    await pass(60_000);
    expect(w.server.asked('join')).toHaveLength(2);
  });

  test('one that cannot say now is asked again', async () => {
    const alice = await inRoom(w.server);
    w.server.cut();
    w.server.say('demo', 'bob', 'missed');
    w.server.refuse.join = { code: 10002, error: 'store_unavailable', temporary: true };
    await pass(10_000);
    expect(alice.chat.getNetState()).not.toBe('connected');
    w.server.refuse = {};
    await pass(20_000);
    expect(alice.texts()).toEqual(['missed']);
  });

  test('a line that falls before the page knows of its joining', async () => {
    const { chat, texts, of } = await loggedIn(w.server);
    let joined: unknown;
    const join = chat.joinGroup({ groupID: 'demo' }).then((r) => (joined = r));
    for (let i = 0; i < 20 && !joined; i++) await Promise.resolve();
    w.server.cut();
    w.server.say('demo', 'bob', 'missed');
    w.server.event('demo', 'notice', { notice: 'new' });
    await during(join, 3000);
    expect(texts().filter(Boolean)).toEqual(['missed']);
    expect(of(EVENT.LIVEROOM_NOTICE).at(-1)).toMatchObject({ notice: 'new' });
  });
});

describe('how soon', () => {
  test('waits grow with jitter, between nothing and 0.5 s doubled each time, at most 20 s', async () => {
    const alice = await inRoom(w.server, 'alice', {}, { random: () => 0.999 });
    w.server.doors = 'shut';
    w.server.cut();
    const waits: number[] = [];
    let before = Date.now();
    for (let n = w.server.connections.length, i = 0; i < 8; i++, n++) {
      while (w.server.connections.length === n) await pass(5);
      waits.push(Date.now() - before);
      before = Date.now();
    }
    [500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000].forEach((most, i) => {
      expect(waits[i]).toBeGreaterThan(most * 0.99);
      expect(waits[i]).toBeLessThanOrEqual(most + 20);
    });
    expect(states(alice).slice(2)).toEqual(['connecting', 'disconnected']);
  });

  test('a hundred that fall together do not come back together', async () => {
    for (let i = 0; i < 100; i++) void client(w.server).chat.joinGroup({ groupID: 'demo' }).catch(() => {});
    await pass(500);
    w.server.cut();
    const at: number[] = [];
    for (let ms = 0; ms < 510; ms += 50) {
      const n = w.server.connections.length;
      await pass(50);
      at.push(w.server.connections.length - n);
    }
    expect(at.reduce((a, b) => a + b)).toBe(100);
    expect(Math.max(...at)).toBeLessThan(35);
  });

  test('a line that falls as soon as it stands is not tried in a tight loop', async () => {
    await inRoom(w.server, 'alice', {}, { random: () => 0.999 });
    const before = w.server.connections.length;
    for (let ms = 0; ms < 30_000; ms += 50) {
      w.server.cut();
      await pass(50);
    }
    expect(w.server.connections.length - before).toBeLessThan(8);
  });

  test('a server that drains says when: not before, and spread', async () => {
    const alice = await inRoom(w.server);
    const before = w.server.connections.length;
    w.server.last().bye('going_away', { reconnect: true, afterMs: 5000 });
    await pass(4990);
    expect(w.server.connections).toHaveLength(before);
    await pass(600);
    expect(w.server.connections).toHaveLength(before + 1);
    expect(alice.chat.getNetState()).toBe('connected');
    expect(alice.of(EVENT.KICKED_OUT)).toEqual([]);
  });

  test('what a stopping server refuses is asked of the next', async () => {
    const alice = await inRoom(w.server);
    const bob = await inRoom(w.server, 'bob');
    w.server.refuse.send = { code: 10002, error: 'stopping', temporary: true };
    const sending = alice.chat.sendMessage(alice.chat.createTextMessage(text('over there')));
    await pass(5);
    w.server.refuse = {};
    w.server.line('alice').bye('going_away', { reconnect: true, afterMs: 100 });
    await during(sending, 2000);
    expect(bob.texts()).toEqual(['over there']);
  });

  test('a fault of this side\'s ends the calls under way, not the user', async () => {
    const alice = await inRoom(w.server);
    w.server.swallow.add('group');
    const call = refused(alice.chat.getGroupProfile({ groupID: 'demo' }), 2000);
    await pass(1);
    w.server.last().bye('too_big', { detail: 'a frame may have 16 KiB' });
    expect(await call).toMatchObject({ code: 2800, data: { reason: 'too_big' } });
    await pass(1000);
    expect(alice.chat.isReady()).toBe(true);
    expect(alice.chat.getNetState()).toBe('connected');
  });
});

describe('sleep, and networks that come and go', () => {
  test('a dead line is found when the page is seen again, and left within 5 s', async () => {
    const alice = await inRoom(w.server);
    w.server.last().deaf = true;
    alice.watchers.forEach((tell) => tell('visible'));
    await pass(4900);
    expect(w.server.connections).toHaveLength(1);
    await pass(1000);
    expect(w.server.connections).toHaveLength(2);
    expect(w.server.connections[0]?.closeCode).toBe(4000); // the user did not sign out
    expect(alice.chat.getNetState()).toBe('connected');
  });

  test('a living one is kept', async () => {
    const alice = await inRoom(w.server);
    for (const what of ['visible', 'online', 'offline', 'visible'] as const) alice.watchers.forEach((tell) => tell(what));
    await pass(10_000);
    expect(w.server.connections).toHaveLength(1);
    expect(states(alice)).toEqual(['connecting', 'connected']);
  });

  test('a silent line is found without any hint, by the heartbeat', async () => {
    await inRoom(w.server);
    w.server.last().deaf = true;
    await pass(36_000);
    expect(w.server.connections).toHaveLength(2);
  });

  test('a quiet room keeps its line with pings, a busy one needs none', async () => {
    await inRoom(w.server);
    await pass(60_000);
    expect(w.server.asked('ping')).toHaveLength(4);
    expect(w.server.connections).toHaveLength(1);
    w.server.requests.length = 0;
    for (let i = 0; i < 12; i++) {
      w.server.say('demo', 'bob', 'x');
      await pass(5000);
    }
    expect(w.server.asked('ping').length).toBeLessThanOrEqual(1);
  });

  test('offline says so at once; online comes back at once and not after a long wait', async () => {
    let online = true;
    const alice = await inRoom(w.server, 'alice', {}, { online: () => online, random: () => 0.999 });
    online = false;
    w.server.doors = 'shut';
    w.server.cut();
    alice.watchers.forEach((tell) => tell('offline'));
    expect(states(alice).at(-1)).toBe('disconnected');
    await pass(60_000);
    online = true;
    w.server.doors = 'open';
    w.server.say('demo', 'bob', 'missed');
    alice.watchers.forEach((tell) => tell('online'));
    await pass(10);
    expect(alice.texts()).toEqual(['missed']);
    expect(states(alice).slice(2)).toEqual(['disconnected', 'connecting', 'connected']);
  });

  test('a server that never greets is left', async () => {
    w.server.swallow.add('auth');
    const { chat } = client(w.server);
    expect((await refused(chat.login({ userID: 'alice', userSig: 's' }), 16_000)).code).toBe(2800);
    expect(w.server.connections.every((c) => !c.isOpen)).toBe(true);
  });

  test('a socket that never opens is given up after 10 s', async () => {
    await inRoom(w.server);
    w.server.doors = 'silent';
    w.server.cut();
    await pass(1000);
    expect(w.server.connections).toHaveLength(2);
    await pass(11_000);
    expect(w.server.connections.length).toBeGreaterThan(2);
  });

  test('nothing is watched or waited for after logout', async () => {
    const alice = await inRoom(w.server);
    w.server.cut();
    await during(alice.chat.logout());
    expect(alice.watchers.size).toBe(0);
    await pass(60_000);
    expect(w.server.connections).toHaveLength(1);
  });
});

describe('where WebSockets do not get through', () => {
  const doorsOfFallback = () => {
    const opened: string[] = [];
    const fallback = (url: string) => {
      opened.push(url);
      w.server.doors = 'open';
      return w.server.socket(url);
    };
    return { opened, fallback };
  };

  test('after two closed doors the other one is tried, and kept', async () => {
    const { opened, fallback } = doorsOfFallback();
    w.server.doors = 'shut';
    const alice = await inRoom(w.server, 'alice', {}, { fallback, random: () => 0.01 });
    expect(opened).toEqual(['https://live.example/chat/stream']);
    expect(alice.chat.isReady()).toBe(true);
    w.server.say('demo', 'bob', 'hi');
    expect(alice.texts()).toEqual(['hi']);
    w.server.cut();
    await pass(2000);
    expect(opened).toHaveLength(2);
    expect(w.server.connections.filter((c) => c.url.startsWith('wss'))).toHaveLength(2);
  });

  test('and back, when that one is shut too', async () => {
    const opened: string[] = [];
    w.server.doors = 'shut';
    await during(client(w.server, {}, { fallback: (url) => (opened.push(url), w.server.socket(url)), random: () => 0.01 }).chat.joinGroup({ groupID: 'demo' }).catch(() => {}), 16_000);
    const urls = w.server.connections.slice(0, 6).map((c) => c.url.slice(0, 5));
    expect(urls).toEqual(['wss:/', 'wss:/', 'https', 'https', 'wss:/', 'wss:/']);
  });

  test('without network no door is blamed; without another one there is none', async () => {
    const { opened, fallback } = doorsOfFallback();
    w.server.doors = 'shut';
    await refused(client(w.server, {}, { fallback, online: () => false }).chat.login({ userID: 'alice', userSig: 's' }), 16_000);
    await refused(client(w.server).chat.login({ userID: 'alice', userSig: 's' }), 16_000);
    expect(opened).toEqual([]);
  });
});
