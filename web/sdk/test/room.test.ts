import { describe, expect, test } from 'vitest';
import { EVENT } from '../src/constants.ts';
import { FOREVER } from '../src/wire.ts';
import { client, during, inRoom, loggedIn, pass, refused, text, world } from './helper.ts';

const w = world();
const event = (name: string, data: object, version = 0) => w.server.batch('demo', { type: 'event', event: name, version, data });
const now = () => Math.floor(Date.now() / 1000);

describe('tips', () => {
  test('join and leave, one for each, with who it is and how many there are', async () => {
    const { messages, of } = await inRoom(w.server);
    event('tips', { joined: [{ user: 'bob', nick: 'Bob', avatar: 'b.png' }, { user: 'cleo', nick: '' }], left: [{ user: 'dan', nick: 'Dan' }], members: 9 });
    expect(messages()).toMatchObject([
      {
        type: 'TIMGroupTipElem', conversationID: 'GROUPdemo', conversationType: 'GROUP', to: 'demo', nick: 'Bob', avatar: 'b.png',
        payload: { operationType: 1, groupJoinType: 1, operatorID: 'bob', userIDList: ['bob'], memberList: [{ userID: 'bob', nick: 'Bob', avatar: 'b.png' }], memberCount: 9, groupProfile: { groupID: 'demo' } },
      },
      { payload: { operationType: 1, operatorID: 'cleo', memberCount: 9 } },
      { payload: { operationType: 2, operatorID: 'dan', userIDList: ['dan'], operatorInfo: { userID: 'dan', nick: 'Dan' } } },
    ]);
    expect(of(EVENT.MESSAGE_RECEIVED)).toHaveLength(1);
    expect(new Set(messages().map((m) => m.ID)).size).toBe(3);
  });

  test('kick: 3 to those who stay', async () => {
    const { messages } = await inRoom(w.server);
    event('kick', { users: ['bob', 'cleo'], by: 'anna', reason: 'spam' });
    expect(messages()).toMatchObject([{ payload: { operationType: 3, operatorID: 'anna', userIDList: ['bob', 'cleo'], memberList: [{ userID: 'bob', reason: 'spam' }, { userID: 'cleo' }] } }]);
  });

  test('ban: 10 with the seconds it lasts, lifted: 11', async () => {
    const { messages } = await inRoom(w.server);
    event('ban', { users: ['bob'], until: now() + 60, by: 'anna', reason: 'spam' });
    event('ban', { users: ['bob'], until: FOREVER, by: 'anna', reason: '' });
    event('ban', { users: ['bob'], until: 0, by: 'anna', reason: '' });
    expect(messages()).toMatchObject([
      { payload: { operationType: 10, userIDList: ['bob'], memberList: [{ userID: 'bob', duration: 60, reason: 'spam' }] } },
      { payload: { operationType: 10, memberList: [{ duration: FOREVER }] } },
      { payload: { operationType: 11, memberList: [{ userID: 'bob' }] } },
    ]);
  });

  test('mute: 7 with muteTime, and its older names', async () => {
    const { messages, of } = await inRoom(w.server);
    event('mute', { user: 'bob', until: now() + 60, by: 'anna', nick: 'Bob' });
    event('mute', { user: 'bob', until: FOREVER, by: 'anna', nick: 'Bob' });
    event('mute', { user: 'bob', until: 0, by: 'anna', nick: 'Bob' });
    expect(messages()).toMatchObject([
      { payload: { operationType: 7, operatorID: 'anna', memberList: [{ userID: 'bob', nick: 'Bob', muteTime: 60 }], msgMemberInfo: [{ shutupTime: 60 }] } },
      { payload: { memberList: [{ muteTime: FOREVER }] } },
      { payload: { memberList: [{ muteTime: 0 }] } },
    ]);
    expect(of(EVENT.LIVEROOM_MUTED)).toHaveLength(1); // the one at joining: nothing of that is about alice
  });

  test('a mute of 60 s says 60, however the server rounded its end and long the event took', async () => {
    const { messages } = await inRoom(w.server);
    const at = now() * 1000 + 123;
    await pass(700);
    event('mute', { user: 'bob', until: now() + 61, by: 'anna', nick: '' }, at);
    expect(messages()).toMatchObject([{ payload: { memberList: [{ muteTime: 60 }] } }]);
  });

  test('who is named by id alone has the nick and avatar that were last seen of him', async () => {
    const { messages, of } = await inRoom(w.server);
    w.server.users.set('anna', { nick: 'Anna', avatar: '' });
    w.server.say('demo', 'anna', 'hi');
    w.server.say('demo', 'bob', 'hi', { nick: 'Bob', avatar: 'b.png' });
    event('member', { user: 'bob', nick: 'Bobby', avatar: 'b.png' });
    event('kick', { users: ['bob', 'alice', 'nobody'], by: 'anna', reason: '' });
    w.server.event('demo', 'recalled', { messages: [{ seq: 2, from: 'bob' }], by: 'anna', reason: '' });
    expect(messages().at(-1)?.payload).toMatchObject({
      operatorID: 'anna', operatorInfo: { userID: 'anna', nick: 'Anna' },
      memberList: [{ userID: 'bob', nick: 'Bobby', avatar: 'b.png' }, { userID: 'alice', nick: 'Alice' }, { userID: 'nobody', nick: '' }],
    });
    expect(of(EVENT.MESSAGE_REVOKED)[0][0].revokerInfo).toEqual({ userID: 'anna', nick: 'Anna', avatar: '' });
  });

  test('administrator made: 4, and no more: 5; the own role changes', async () => {
    const { messages, of } = await inRoom(w.server);
    event('role', { user: 'alice', role: 'Admin', by: 'anna' });
    event('role', { user: 'bob', role: 'Member', by: 'anna' });
    expect(messages()).toMatchObject([
      { payload: { operationType: 4, operatorID: 'anna', userIDList: ['alice'], groupProfile: { selfInfo: { role: 'Member' } } } }, { payload: { operationType: 5, userIDList: ['bob'] } },
    ]);
    expect(of(EVENT.LIVEROOM_ROLE)).toEqual([{ groupID: 'demo', role: 'Admin' }]);
  });

  test('group profile: 6, with what changed and nothing else', async () => {
    const { messages, of } = await inRoom(w.server);
    const settings = w.server.group().state.settings;
    w.server.event('demo', 'notice', { notice: 'new' });
    w.server.event('demo', 'notice', { notice: 'new' });
    w.server.event('demo', 'profile', { name: 'Tea', owner: 'anna' });
    w.server.event('demo', 'fields', { fields: { topic: 'tea', old: 'x' } });
    w.server.event('demo', 'fields', { fields: { topic: 'tea' } });
    w.server.event('demo', 'settings', { ...settings, introduction: 'every day', muteAll: true });
    w.server.event('demo', 'settings', { ...settings, introduction: 'every day', muteAll: true, slowMode: 5 });
    expect(messages().map((m) => [m.payload.operationType, m.payload.newGroupProfile])).toEqual([
      [6, { notification: 'new' }], [6, { groupName: 'Tea', name: 'Tea' }],
      [6, { groupCustomField: [{ key: 'topic', value: 'tea' }, { key: 'old', value: 'x' }] }], [6, { groupCustomField: [{ key: 'old', value: '' }] }],
      [6, { introduction: 'every day', muteAllMembers: true }],
    ]);
    expect(of(EVENT.LIVEROOM_NOTICE).map((d) => d.notice)).toEqual(['', 'new']);
    expect(of(EVENT.LIVEROOM_SETTINGS).at(-1)).toMatchObject({ groupID: 'demo', settings: { slowMode: 5, muteAll: true } });
  });

  test('who waits in slow mode waits as long as it says now', async () => {
    w.server.also.join = { settings: { ...w.server.group().state.settings, slowMode: 60 }, limits: { slowMode: 60, nextAt: Date.now() + 50_000 } };
    const { chat, of } = await inRoom(w.server);
    const { settings } = w.server.group().state;
    const wait = () => (chat.getLimits('demo')?.nextAt ?? 0) - Date.now();
    expect(wait()).toBeGreaterThan(49_000);
    w.server.event('demo', 'settings', { ...settings, slowMode: 30 });
    expect(wait()).toBeGreaterThan(19_000);
    expect(wait()).toBeLessThan(21_000);
    w.server.event('demo', 'settings', { ...settings, slowMode: 0 });
    expect(of(EVENT.LIVEROOM_LIMITS).at(-1)).toEqual({ groupID: 'demo', slowMode: 0, nextAt: 0 });
  });

  test('another owner: a tip, and the own role follows', async () => {
    const { messages, of } = await inRoom(w.server);
    w.server.event('demo', 'profile', { name: 'demo', owner: 'alice' });
    expect(messages()).toMatchObject([{ payload: { operationType: 6, newGroupProfile: { ownerID: 'alice' } } }]);
    w.server.event('demo', 'profile', { name: 'demo', owner: 'bob' });
    expect(of(EVENT.LIVEROOM_ROLE).map((d) => d.role)).toEqual(['Owner', 'Member']);
  });
});

describe('system notices', () => {
  test.each([
    ['kicked', 4, { by: 'anna', detail: 'spam' }], ['banned', 21, { by: 'anna', until: 1_900_000_000 }], ['dismissed', 5, {}],
    ['joined_elsewhere', 8, {}], ['left_elsewhere', 8, {}], ['something new', 8, {}],
  ])('%s: %i, after which nothing of the room comes', async (reason, operationType, more) => {
    const { chat, messages, of } = await inRoom(w.server);
    w.server.takeOut('alice', 'demo', reason, { by: '', ...more });
    expect(messages()).toMatchObject([{
      type: 'TIMGroupSystemNoticeElem', conversationID: '@TIM#SYSTEM', conversationType: '@TIM#SYSTEM', to: 'demo',
      payload: { operationType, operatorID: (more as { by?: string }).by ?? '', groupProfile: { groupID: 'demo' }, handleMessage: (more as { detail?: string }).detail ?? '' },
    }]);
    expect(of(EVENT.LIVEROOM_LEFT)).toMatchObject([{ groupID: 'demo', reason, ...more }]);
    expect(of(EVENT.GROUP_SYSTEM_NOTICE_RECEIVED)).toMatchObject([{ type: operationType }]);
    w.server.last().push({ push: 'batch', group: 'demo', items: [{ type: 'message', seq: 9, from: 'bob', body: [] }] });
    expect(messages()).toHaveLength(1);
    expect((await refused(chat.sendMessage(chat.createTextMessage(text('hi'))))).code).toBe(2101);
    expect(of(EVENT.KICKED_OUT)).toEqual([]); // of a room is not of the account
  });

  test('a handler may join again at once', async () => {
    const { chat, texts } = await inRoom(w.server);
    let again: Promise<unknown> | undefined;
    chat.on(EVENT.LIVEROOM_LEFT, () => (again = chat.joinGroup({ groupID: 'demo' })));
    w.server.takeOut('alice', 'demo', 'kicked');
    await pass();
    expect(await again).toMatchObject({ data: { status: 'JoinedSuccess' } });
    w.server.say('demo', 'bob', 'hi');
    expect(texts().at(-1)).toBe('hi');
  });

  test('the application\'s own: 255 with its content', async () => {
    const { messages, of } = await inRoom(w.server);
    event('notification', { content: '{"sale":1}', time: 1_790_000_000 });
    expect(messages()).toMatchObject([{ type: 'TIMGroupSystemNoticeElem', conversationID: '@TIM#SYSTEM', time: 1_790_000_000, payload: { operationType: 255, userDefinedField: '{"sale":1}', groupProfile: { groupID: 'demo' } } }]);
    expect(of(EVENT.GROUP_SYSTEM_NOTICE_RECEIVED)).toMatchObject([{ type: 255 }]);
  });

  test('what came in one batch before the end is told before it', async () => {
    const { messages } = await inRoom(w.server);
    w.server.batch('demo', { type: 'message', seq: 1, from: 'bob', random: 1, body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: 'bye' } }] }, { type: 'event', event: 'dismissed', version: 0, data: {} });
    expect(messages().map((m) => m.payload.text ?? m.payload.operationType)).toEqual(['bye', 5]);
  });
});

describe('being muted', () => {
  test('is told at joining and ends by itself', async () => {
    Object.assign(w.server.group().state.mute, { until: now() + 30 });
    const { chat, of } = await inRoom(w.server);
    const until = w.server.group().state.mute.until;
    expect(of(EVENT.LIVEROOM_MUTED)).toEqual([{ groupID: 'demo', muted: true, all: false, until }]);
    expect(chat.getMuted('demo')).toEqual({ groupID: 'demo', muted: true, all: false, until });
    await pass(31_000);
    expect(of(EVENT.LIVEROOM_MUTED).at(-1)).toEqual({ groupID: 'demo', muted: false, all: false, until: 0 });
    expect(chat.getMuted('demo')?.muted).toBe(false);
  });

  test('by an event, and lifted by one', async () => {
    const { of } = await inRoom(w.server);
    const until = now() + 60;
    event('mute', { user: 'alice', until, by: 'anna' }, 1);
    event('mute', { user: 'alice', until: 0, by: 'anna' }, 2);
    expect(of(EVENT.LIVEROOM_MUTED).map((d) => [d.muted, d.until])).toEqual([[false, 0], [true, until], [false, 0]]);
  });

  test('for ever has no end, however long one waits', async () => {
    const { chat } = await inRoom(w.server);
    event('mute', { user: 'alice', until: FOREVER, by: 'anna' });
    await pass(30 * 3600_000);
    expect(chat.getMuted('demo')).toMatchObject({ muted: true, until: FOREVER });
  });

  test('for days ends then and not before', async () => {
    const { chat } = await inRoom(w.server);
    event('mute', { user: 'alice', until: now() + 60 * 3600, by: 'anna' });
    await pass(59 * 3600_000);
    expect(chat.getMuted('demo')?.muted).toBe(true);
    await pass(2 * 3600_000);
    expect(chat.getMuted('demo')?.muted).toBe(false);
  });

  test('with everybody: members are, administrators and the owner are not', async () => {
    const alice = await inRoom(w.server);
    const anna = await inRoom(w.server, 'anna');
    w.server.event('demo', 'settings', { ...w.server.group().state.settings, muteAll: true });
    expect(alice.of(EVENT.LIVEROOM_MUTED).at(-1)).toEqual({ groupID: 'demo', muted: true, all: true, until: 0 });
    expect(anna.of(EVENT.LIVEROOM_MUTED).at(-1)).toEqual({ groupID: 'demo', muted: false, all: true, until: 0 });
    event('role', { user: 'alice', role: 'Admin', by: 'anna' });
    expect(alice.of(EVENT.LIVEROOM_MUTED).at(-1)).toMatchObject({ muted: false, all: true });
  });

  test('a refusal tells of a mute whose event was missed', async () => {
    const { chat, of } = await inRoom(w.server);
    const until = now() + 60;
    w.server.refuse.send = { code: 10017, error: 'muted', until };
    expect(await refused(chat.sendMessage(chat.createTextMessage(text('hi'))))).toMatchObject({ code: 10017, data: { until } });
    expect(of(EVENT.LIVEROOM_MUTED).at(-1)).toEqual({ groupID: 'demo', muted: true, all: false, until });
  });

  test('outside of a room nothing is known', async () => {
    const { chat } = await loggedIn(w.server);
    expect([chat.getMuted('demo'), chat.getLimits('demo'), chat.getSettings('demo'), chat.getCount('demo'), chat.getLiveStatus('demo')]).toEqual([null, null, null, null, null]);
  });
});

describe('slow mode', () => {
  test('seconds at joining and at each change, and when one may speak next', async () => {
    w.server.group().state.settings.slowMode = 5;
    const nextAt = Date.now() + 5000;
    w.server.also.join = { limits: { slowMode: 5, nextAt } };
    const { chat, of } = await inRoom(w.server);
    expect(of(EVENT.LIVEROOM_LIMITS)).toEqual([{ groupID: 'demo', slowMode: 5, nextAt }]);
    await pass(6000);
    expect(chat.getLimits('demo')).toEqual({ groupID: 'demo', slowMode: 5, nextAt: 0 });
    w.server.event('demo', 'settings', { ...w.server.group().state.settings, slowMode: 9 });
    expect(of(EVENT.LIVEROOM_LIMITS).at(-1)).toMatchObject({ slowMode: 9 });
  });

  test('the answer to a message, and a refusal, say when', async () => {
    const { chat, of } = await inRoom(w.server);
    const at = Date.now() + 5000;
    w.server.also.send = { nextAt: at };
    await during(chat.sendMessage(chat.createTextMessage(text('a'))));
    expect(of(EVENT.LIVEROOM_LIMITS).at(-1)).toMatchObject({ nextAt: at });
    w.server.also = {};
    w.server.refuse.send = { code: 10023, error: 'slow_mode', temporary: true, nextAt: at + 100 };
    expect(await refused(chat.sendMessage(chat.createTextMessage(text('b'))))).toMatchObject({ code: 10023, data: { nextAt: at + 100, temporary: true } });
    expect(of(EVENT.LIVEROOM_LIMITS).at(-1)).toMatchObject({ nextAt: at + 100 });
  });
});

describe('live status', () => {
  const record = (version: number, code = 2, epoch = '01A') => ({ room: 'demo', epoch, version, code, name: 'x', reason: 'push_started', since: '2026-09-21T00:00:00Z', streamActive: true, graceUntil: null, playbackUrl: null });
  const custom = (r: object) => [{ MsgType: 'TIMCustomElem', MsgContent: { Data: JSON.stringify({ type: 'live_status', ...r }) } }];

  test('is told at joining, and at each newer one by message or attribute, once', async () => {
    w.server.group().state.attributes = { live_status: JSON.stringify(record(1, 1)) };
    const { chat, of } = await inRoom(w.server);
    w.server.say('demo', 'administrator', custom(record(2)));
    w.server.event('demo', 'attributes', { attributes: { live_status: JSON.stringify(record(2)) } });
    w.server.say('demo', 'administrator', custom(record(1, 4)));
    w.server.say('demo', 'administrator', custom(record(1, 4, '01B')));
    expect(of(EVENT.LIVEROOM_STATUS).map((d) => [d.status.epoch, d.status.version, d.status.name])).toEqual([['01A', 1, 'waiting'], ['01A', 2, 'live'], ['01B', 1, 'ended']]);
    expect(chat.getLiveStatus('demo')).toMatchObject({ code: 4, streamActive: true, graceUntil: null });
  });

  test('of others in the server\'s manner counts for nothing', async () => {
    const { of, messages } = await inRoom(w.server);
    w.server.say('demo', 'mallory', custom(record(9, 4)));
    expect(messages()).toHaveLength(1);
    expect(of(EVENT.LIVEROOM_STATUS)).toEqual([]);
  });
});

describe('other people', () => {
  test('who changes nick or avatar is told of; the own change in another instance too', async () => {
    const { of, chat } = await inRoom(w.server);
    event('member', { user: 'bob', nick: 'Bobby', avatar: 'b.png' });
    expect(of(EVENT.LIVEROOM_MEMBER)).toEqual([{ groupID: 'demo', userID: 'bob', nick: 'Bobby', avatar: 'b.png' }]);
    expect(of(EVENT.PROFILE_UPDATED)).toEqual([]);
    event('member', { user: 'alice', nick: 'Al', avatar: 'a.png' });
    event('member', { user: 'alice', nick: 'Al', avatar: 'a.png' });
    expect(of(EVENT.PROFILE_UPDATED)).toMatchObject([[{ userID: 'alice', nick: 'Al', avatar: 'a.png', gender: 'Gender_Type_Unknown' }]]);
    expect(chat.createTextMessage(text('hi'))).toMatchObject({ nick: 'Al', avatar: 'a.png' });
  });
});

describe('events that overtake or repeat', () => {
  test('an older version changes nothing, an unknown event neither', async () => {
    const { of, texts } = await inRoom(w.server);
    event('notice', { notice: 'newer' }, 5);
    event('notice', { notice: 'older' }, 4);
    event('hologram', { depth: 3 }, 1);
    w.server.say('demo', 'bob', 'fine');
    expect(of(EVENT.LIVEROOM_NOTICE).map((d) => d.notice)).toEqual(['', 'newer']);
    expect(texts().at(-1)).toBe('fine');
  });

  test('what happens between the answer to join and its resolving is told after the beginning', async () => {
    const { chat, events } = await loggedIn(w.server);
    const join = chat.joinGroup({ groupID: 'demo' });
    await pass(0);
    w.server.event('demo', 'notice', { notice: 'fresh' });
    w.server.say('demo', 'bob', 'hi');
    await during(join);
    const names = events.map((e) => e.name);
    expect(names.indexOf(EVENT.LIVEROOM_SETTINGS)).toBeLessThan(names.lastIndexOf(EVENT.LIVEROOM_NOTICE));
    expect(events.filter((e) => e.name === EVENT.LIVEROOM_NOTICE).at(-1)?.data.notice).toBe('fresh');
    expect(names.at(-1)).toBe(EVENT.MESSAGE_RECEIVED);
  });

  test('a guest is told all of that too', async () => {
    const { chat, of, messages } = client(w.server);
    await during(chat.joinGroup({ groupID: 'demo' }));
    event('tips', { joined: [{ user: 'bob', nick: 'Bob' }], left: [], members: 2 });
    w.server.event('demo', 'settings', { ...w.server.group().state.settings, muteAll: true });
    expect(messages().map((m) => m.payload.operationType)).toEqual([1, 6]);
    expect(of(EVENT.LIVEROOM_MUTED).at(-1)).toMatchObject({ muted: true, all: true });
  });
});

describe('a store that is away', () => {
  test('is told, and so is that it is back', async () => {
    const { of } = await inRoom(w.server);
    event('degraded', { degraded: true }, 1);
    event('degraded', { degraded: true }, 2);
    event('degraded', { degraded: false }, 3);
    expect(of(EVENT.LIVEROOM_DEGRADED)).toEqual([{ groupID: 'demo', degraded: true }, { groupID: 'demo', degraded: false }]);
  });

  test('is told to who comes meanwhile', async () => {
    w.server.also.join = { degraded: true };
    const { of } = await inRoom(w.server);
    expect(of(EVENT.LIVEROOM_DEGRADED)).toEqual([{ groupID: 'demo', degraded: true }]);
  });

  test('messages without sequence are shown, and move nothing', async () => {
    const { messages, of } = await inRoom(w.server);
    w.server.say('demo', 'bob', 'one');
    const said = (random: number, words: string) => ({
      type: 'message', time: now(), from: 'bob', nick: 'Bob', avatar: '', priority: 'Normal', random, body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: words } }], cloudCustomData: '', degraded: true,
    });
    w.server.batch('demo', said(71, 'near'), said(72, 'by'));
    w.server.say('demo', 'bob', 'two');
    expect(messages().map((m) => [m.payload.text, m.sequence, m.isDegraded])).toEqual([['one', 1, false], ['near', 0, true], ['by', 0, true], ['two', 2, false]]);
    expect(of(EVENT.LIVEROOM_GAP)).toEqual([]);
  });
});

describe('another server, whose clock is behind', () => {
  test('tells what happens there, and not only what is later than the last of the first', async () => {
    const { messages, of } = await inRoom(w.server);
    w.server.say('demo', 'bob', 'one');
    event('count', { members: 3, viewers: 0, online: 3 }, 9000);
    event('degraded', { degraded: true }, 9000);
    event('gap', { epoch: 'E1', seq: 1 }, 9000);
    event('kick', { users: ['bob'], by: 'anna', reason: '' }, 9000);
    event('notice', { notice: 'new' }, 5);
    w.server.also.join = { versions: { notice: 5 }, notice: 'new' };
    w.server.cut();
    await pass(5000);
    event('notice', { notice: 'old' }, 4);
    event('count', { members: 4, viewers: 0, online: 4 }, 4000);
    event('degraded', { degraded: true }, 4000);
    event('kick', { users: ['cleo'], by: 'anna', reason: '' }, 4000);
    event('gap', { epoch: 'E2', seq: 0 }, 4000);
    w.server.group().epoch = 'E2';
    w.server.group().seq = 0;
    w.server.say('demo', 'bob', 'first');
    expect(of(EVENT.LIVEROOM_COUNT).at(-1)).toMatchObject({ members: 4 });
    expect(of(EVENT.LIVEROOM_DEGRADED)).toEqual([{ groupID: 'demo', degraded: true }, { groupID: 'demo', degraded: false }, { groupID: 'demo', degraded: true }]);
    expect(messages().filter((m) => m.payload.operationType === 3)).toHaveLength(2);
    expect(messages().at(-1)).toMatchObject({ payload: { text: 'first' } });
    expect(of(EVENT.LIVEROOM_NOTICE).at(-1)).toMatchObject({ notice: 'new' });
  });
});

describe('a gap that the server tells', () => {
  test('moves the position', async () => {
    const { texts, of } = await inRoom(w.server);
    w.server.say('demo', 'bob', 'one');
    event('gap', { epoch: 'E1', seq: 7 }, 1);
    w.server.group().seq = 7;
    w.server.say('demo', 'bob', 'eight');
    expect(texts()).toEqual(['one', 'eight']);
    expect(of(EVENT.LIVEROOM_GAP)).toEqual([{ groupID: 'demo', complete: false, from: 2, to: 7 }]);
  });

  test('in another epoch begins again, with the newest of everything', async () => {
    const { texts, of } = await inRoom(w.server);
    for (const said of ['one', 'two', 'three']) w.server.say('demo', 'bob', said);
    event('notice', { notice: 'old' }, 9);
    event('gap', { epoch: 'E2', seq: 0 }, 1);
    w.server.group().epoch = 'E2';
    w.server.group().seq = 0;
    w.server.say('demo', 'bob', 'first');
    event('notice', { notice: 'new' }, 1);
    expect(texts().filter(Boolean)).toEqual(['one', 'two', 'three', 'first']);
    expect(of(EVENT.LIVEROOM_GAP)).toEqual([{ groupID: 'demo', complete: false }]);
    expect(of(EVENT.LIVEROOM_NOTICE).at(-1)).toMatchObject({ notice: 'new' });
  });
});
