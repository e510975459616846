import { describe, expect, test } from 'vitest';
import { EVENT } from '../src/constants.ts';
import { client, codes, during, inRoom, loggedIn, pass, refused, text, world } from './helper.ts';

const w = world();

describe('a guest', () => {
  test('joins without login, hears, and gets no group', async () => {
    w.server.say('demo', 'anna', 'before');
    const { chat, messages, of } = client(w.server);
    expect(await during(chat.joinGroup({ groupID: 'demo' }))).toEqual({ code: 0, data: { status: 'JoinedSuccess' } });
    expect((await during(chat.joinGroup({ groupID: 'demo' }))).data).toEqual({ status: 'AlreadyInGroup' });
    w.server.say('demo', 'anna', 'now');
    expect(messages().map((m) => [m.payload.text, m.isHistory, m.flow])).toEqual([['before', true, 'in'], ['now', false, 'in']]);
    expect(of(EVENT.SDK_READY)).toEqual([]);
    expect(chat.getLoginUser()).toBe('');
  });

  test('cannot send, write, read members or be asked for a profile', async () => {
    const { chat } = client(w.server);
    await during(chat.joinGroup({ groupID: 'demo' }));
    const calls = [
      chat.sendMessage(chat.createTextMessage(text('me too'))), chat.setGroupAttributes({ groupID: 'demo', groupAttributes: { a: 'b' } }),
      chat.getGroupMemberList({ groupID: 'demo' }), chat.getMyProfile(), chat.updateMyProfile({ nick: 'G' }), chat.dismissGroup('demo'),
    ];
    expect(await codes(calls)).toEqual(calls.map(() => 2999));
    expect(w.server.asked('send')).toEqual([]);
  });

  test('can join an AVChatRoom only', async () => {
    expect((await refused(client(w.server).chat.joinGroup({ groupID: 'x', type: 'Public' }))).code).toBe(2662);
    const { chat } = client(w.server);
    expect((await during(chat.joinGroup({ groupID: 'x', type: 'AVChatRoom' }))).data.status).toBe('JoinedSuccess');
  });

  test('quits at once, in a group or not, and leaves no idle line', async () => {
    const { chat, messages } = client(w.server);
    await during(chat.joinGroup({ groupID: 'demo' }));
    expect((await during(chat.quitGroup('demo'))).data).toEqual({ groupID: 'demo' });
    await pass();
    expect(w.server.connections[0]?.isOpen).toBe(false);
    expect((await during(chat.quitGroup('demo'))).data).toEqual({ groupID: 'demo' });
    expect((await during(chat.joinGroup({ groupID: 'demo' }))).data.status).toBe('JoinedSuccess');
    w.server.say('demo', 'anna', 'again');
    expect(messages().map((m) => m.payload.text)).toEqual(['again']);
  });

  test('refused at the door leaves no idle line either', async () => {
    w.server.refuse.join = { code: 10010, error: 'no_such_group' };
    const { chat } = client(w.server);
    expect((await refused(chat.joinGroup({ groupID: 'demo' }))).code).toBe(10010);
    await pass();
    expect(w.server.connections[0]?.isOpen).toBe(false);
  });

  test('who logs in later stays in the room, misses nothing and may speak', async () => {
    const { chat, texts, of } = client(w.server);
    await during(chat.joinGroup({ groupID: 'demo' }));
    w.server.say('demo', 'anna', 'one');
    const login = chat.login({ userID: 'alice', userSig: 's' });
    w.server.say('demo', 'anna', 'between');
    await during(login);
    w.server.say('demo', 'anna', 'two');
    expect(texts()).toEqual(['one', 'between', 'two']);
    expect(of(EVENT.LIVEROOM_ROLE)).toEqual([{ groupID: 'demo', role: 'Member' }]);
    // As TWebLive's demo does, the page joins again as a member, and gets the group now.
    expect((await during(chat.joinGroup({ groupID: 'demo' }))).data).toMatchObject({ status: 'JoinedSuccess', group: { groupID: 'demo' } });
    expect((await during(chat.joinGroup({ groupID: 'demo' }))).data).toMatchObject({ status: 'AlreadyInGroup', group: { groupID: 'demo' } });
    expect((await during(chat.sendMessage(chat.createTextMessage(text('hi'))))).data.message.status).toBe('success');
    expect(w.server.connections.filter((c) => c.isOpen)).toHaveLength(1);
  });

  test('who logs in while still joining joins as that user', async () => {
    const { chat } = client(w.server);
    const join = chat.joinGroup({ groupID: 'demo' });
    const login = chat.login({ userID: 'alice', userSig: 's' });
    await during(login);
    expect((await during(join)).data).toMatchObject({ status: 'JoinedSuccess', group: { selfInfo: { userID: 'alice', role: 'Member' } } });
  });

  test('who is in another room elsewhere, and logs in here, is here', async () => {
    w.server.say('demo', 'anna', 'before');
    const { chat, texts, of } = client(w.server);
    await during(chat.joinGroup({ groupID: 'demo' }));
    w.server.refuse.join = (frame) => (frame.epoch === undefined ? null : { code: 10037, error: 'joined_elsewhere' });
    const login = chat.login({ userID: 'alice', userSig: 's' });
    w.server.say('demo', 'anna', 'between');
    await during(login);
    w.server.say('demo', 'anna', 'after');
    expect(texts()).toEqual(['before', 'between', 'after']);
    expect(of(EVENT.LIVEROOM_LEFT)).toEqual([]);
    w.server.cut(); // coming back later is no such wish
    await pass(2000);
    expect(of(EVENT.LIVEROOM_LEFT)).toMatchObject([{ reason: 'joined_elsewhere' }]);
  });

  test('who quits and logs in at once is logged in', async () => {
    const { chat } = client(w.server);
    await during(chat.joinGroup({ groupID: 'demo' }));
    void chat.quitGroup('demo');
    await during(chat.login({ userID: 'alice', userSig: 's' }));
    expect(chat.isReady()).toBe(true);
  });

  test('after a logout one may watch on as a guest', async () => {
    const { chat, texts } = await inRoom(w.server);
    await during(chat.logout());
    expect((await during(chat.joinGroup({ groupID: 'demo' }))).data).toEqual({ status: 'JoinedSuccess' });
    w.server.say('demo', 'anna', 'hello guest');
    expect(texts()).toEqual(['hello guest']);
    expect(w.server.last().anonymous).toBe(true);
  });
});

describe('joining and leaving', () => {
  test('gives the group with all that a page shows', async () => {
    const g = w.server.group();
    Object.assign(g.state, { notice: 'welcome', fields: { topic: 'tea' }, profile: { name: 'Tea', owner: 'anna', createdAt: 1_789_000_000 } });
    Object.assign(g.state.settings, { introduction: 'every day', avatar: 'https://a/tea.png', muteAll: true, slowMode: 5 });
    const { chat } = await loggedIn(w.server);
    const { data } = await during(chat.joinGroup({ groupID: 'demo' }));
    expect(data).toMatchObject({
      status: 'JoinedSuccess',
      group: {
        groupID: 'demo', type: 'AVChatRoom', name: 'Tea', ownerID: 'anna', notification: 'welcome', introduction: 'every day', avatar: 'https://a/tea.png',
        memberCount: 1, memberNum: 1, muteAllMembers: true, createTime: 1_789_000_000, joinOption: 'FreeAccess', slowMode: 5,
        groupCustomField: [{ key: 'topic', value: 'tea' }], selfInfo: { userID: 'alice', role: 'Member' },
      },
    });
  });

  test('two calls at once are one join', async () => {
    const { chat } = await loggedIn(w.server);
    const both = Promise.all([chat.joinGroup({ groupID: 'demo' }), chat.joinGroup({ groupID: 'demo' })]);
    expect((await during(both)).map((r) => r.data.status)).toEqual(['JoinedSuccess', 'JoinedSuccess']);
    expect(w.server.asked('join')).toHaveLength(1);
  });

  test('during a login the join waits and is that user\'s', async () => {
    const { chat } = client(w.server);
    const login = chat.login({ userID: 'alice', userSig: 's' });
    const join = chat.joinGroup({ groupID: 'demo' });
    await during(login);
    expect((await during(join)).data.group?.selfInfo.userID).toBe('alice');
    expect(w.server.connections).toHaveLength(1);
  });

  test.each([[undefined], [''], [5], ['x'.repeat(49)]])('group id %s: 2602', async (groupID) => {
    const { chat } = await loggedIn(w.server);
    expect((await refused(chat.joinGroup({ groupID } as never))).code).toBe(2602);
  });

  test.each([
    [10010, 'no_such_group', {}], [10007, 'banned', { until: 1_900_000_000 }], [10014, 'full', {}],
  ])('a join refused with %i %s keeps number, word and end', async (code, error, more) => {
    const { chat } = await loggedIn(w.server);
    w.server.refuse.join = { code, error, ...more };
    const err = await refused(chat.joinGroup({ groupID: 'demo' }));
    expect(err).toMatchObject({ code, data: { reason: error, ...more } });
    w.server.refuse = {};
    expect((await during(chat.joinGroup({ groupID: 'demo' }))).data.status).toBe('JoinedSuccess');
  });

  test('a join whose answer was lost can be made again', async () => {
    const { chat, texts } = await loggedIn(w.server);
    w.server.swallow.add('join');
    expect((await refused(chat.joinGroup({ groupID: 'demo' }), 16_000)).code).toBe(2801);
    w.server.swallow.clear();
    expect((await during(chat.joinGroup({ groupID: 'demo' }))).data.status).toBe('JoinedSuccess');
    w.server.say('demo', 'anna', 'heard');
    expect(texts()).toEqual(['heard']);
  });

  test('quitGroup leaves; outside it is 2623; an owner is refused with the server\'s number', async () => {
    const { chat, texts } = await inRoom(w.server);
    expect((await during(chat.quitGroup('demo'))).data).toEqual({ groupID: 'demo' });
    w.server.say('demo', 'anna', 'too late');
    expect(texts()).toEqual([]);
    expect((await refused(chat.quitGroup('demo'))).code).toBe(2623);
    await during(chat.joinGroup({ groupID: 'demo' }));
    w.server.refuse.leave = { code: 10009, error: 'owner_cannot_leave' };
    expect((await refused(chat.quitGroup('demo'))).code).toBe(10009);
    w.server.say('demo', 'anna', 'still here');
    expect(texts()).toEqual(['too late', 'still here']); // the first as history
  });

  test('back in a room, what was seen before is history and not doubled by a late batch', async () => {
    const { chat, messages, forget } = await inRoom(w.server);
    const said = w.server.say('demo', 'anna', 'one');
    await during(chat.quitGroup('demo'));
    forget();
    await during(chat.joinGroup({ groupID: 'demo' }));
    w.server.batch('demo', said); // was under way
    expect(messages().map((m) => [m.payload.text, m.isHistory])).toEqual([['one', true]]);
  });
});

describe('one room at a time', () => {
  test('joining another leaves the first, whose messages stop before the join resolves', async () => {
    const { chat, texts } = await inRoom(w.server);
    const join = chat.joinGroup({ groupID: 'other' });
    await pass(0);
    w.server.line('alice').rooms.add('demo'); // the server still has some under way
    w.server.say('demo', 'anna', 'of the old room');
    await during(join);
    w.server.say('demo', 'anna', 'of the old room');
    w.server.say('other', 'anna', 'of the new room');
    expect(texts()).toEqual(['of the new room']);
    expect(w.server.requests.map((r) => [r.op, r.group]).slice(-2)).toEqual([['leave', 'demo'], ['join', 'other']]);
    expect((await refused(chat.sendMessage(chat.createTextMessage(text('hi', 'demo'))))).code).toBe(2101);
  });

  test('an owner is only detached', async () => {
    const { chat } = await inRoom(w.server, 'anna');
    await during(chat.joinGroup({ groupID: 'other' }));
    expect(w.server.asked('leave')).toEqual([expect.objectContaining({ group: 'demo', detach: true })]);
  });

  test('unlimitedAVChatRoom stays in both', async () => {
    const { chat, messages } = await inRoom(w.server, 'alice', { unlimitedAVChatRoom: true });
    await during(chat.joinGroup({ groupID: 'other' }));
    w.server.say('demo', 'anna', 'a');
    w.server.say('other', 'anna', 'b');
    expect(messages().map((m) => [m.to, m.conversationID])).toEqual([['demo', 'GROUPdemo'], ['other', 'GROUPother']]);
    expect(w.server.asked('leave')).toEqual([]);
    expect(w.server.asked('auth')).toEqual([expect.objectContaining({ rooms: 'many' })]);
  });

  test('a join overtaken by another is refused and leaves nothing behind', async () => {
    const { chat, texts } = await loggedIn(w.server);
    const first = refused(chat.joinGroup({ groupID: 'demo' }));
    const second = chat.joinGroup({ groupID: 'other' });
    await during(second);
    expect((await first).code).toBe(2660);
    w.server.say('other', 'anna', 'here');
    expect(texts()).toEqual(['here']);
  });

  test('who joined elsewhere with another device is told', async () => {
    const { chat, of, messages } = await inRoom(w.server);
    w.server.takeOut('alice', 'demo', 'joined_elsewhere');
    expect(of(EVENT.LIVEROOM_LEFT)).toMatchObject([{ groupID: 'demo', reason: 'joined_elsewhere' }]);
    expect(messages()).toMatchObject([{ type: 'TIMGroupSystemNoticeElem', payload: { operationType: 8 } }]);
    expect(chat.isReady()).toBe(true);
    expect((await during(chat.joinGroup({ groupID: 'demo' }))).data.status).toBe('JoinedSuccess');
  });
});

describe('making and describing groups', () => {
  test('createGroup sends Tencent\'s fields as the wire has them and joins nothing', async () => {
    const { chat } = await loggedIn(w.server);
    w.server.also.createGroup = { group: { id: 'tea', name: 'Tea', owner: 'alice', createdAt: 1_789_000_000 } };
    const { data } = await during(chat.createGroup({
      type: 'AVChatRoom', groupID: 'tea', name: 'Tea', introduction: 'i', notification: 'n', avatar: 'a', joinOption: 'FreeAccess', memberList: [],
      groupCustomField: [{ key: 'k', value: 'v' }],
    }));
    expect(w.server.asked('createGroup')).toEqual([expect.objectContaining({ groupId: 'tea', name: 'Tea', introduction: 'i', notice: 'n', avatar: 'a', fields: { k: 'v' } })]);
    expect(data).toMatchObject({ group: { groupID: 'tea', ownerID: 'alice', type: 'AVChatRoom', createTime: 1_789_000_000 }, overLimitUserIDList: [] });
    expect(w.server.asked('join')).toEqual([]);
  });

  test('without id the server chooses one; another type is 2600; a taken id keeps 10021 or 10025', async () => {
    const { chat } = await loggedIn(w.server);
    w.server.also.createGroup = { group: { id: 'g1', name: 'Tea' } };
    expect((await during(chat.createGroup({ name: 'Tea', type: 'AVChatRoom' }))).data.group.groupID).toBe('g1');
    expect(w.server.asked('createGroup')[0]).not.toHaveProperty('groupId');
    expect((await refused(chat.createGroup({ name: 'Tea', type: 'Public' }))).code).toBe(2600);
    w.server.refuse.createGroup = { code: 10025, error: 'group_exists_yours' };
    expect((await refused(chat.createGroup({ name: 'Tea', groupID: 'tea' }))).code).toBe(10025);
  });

  test('a group is not made twice when the line falls before the answer', async () => {
    const { chat } = await loggedIn(w.server);
    w.server.swallow.add('createGroup');
    const made = refused(chat.createGroup({ name: 'Tea' }), 5000);
    await pass(1);
    w.server.cut();
    expect(await made).toMatchObject({ code: 2800, data: { temporary: true } });
    expect(w.server.asked('createGroup')).toHaveLength(1);
  });

  test('dismissGroup ends it for all, guests too: system notice 5', async () => {
    const anna = await inRoom(w.server, 'anna');
    const guest = client(w.server);
    await during(guest.chat.joinGroup({ groupID: 'demo' }));
    expect((await during(anna.chat.dismissGroup('demo'))).data).toEqual({ groupID: 'demo' });
    w.server.batch('demo', { type: 'event', event: 'dismissed', version: 1, data: { by: 'anna' } });
    for (const c of [anna, guest]) {
      expect(c.messages()).toMatchObject([{ type: 'TIMGroupSystemNoticeElem', conversationID: '@TIM#SYSTEM', to: 'demo', payload: { operationType: 5, operatorID: 'anna' } }]);
      expect(c.of(EVENT.LIVEROOM_LEFT)).toMatchObject([{ groupID: 'demo', reason: 'dismissed' }]);
    }
    expect((await refused(anna.chat.sendMessage(anna.chat.createTextMessage(text('hi'))))).code).toBe(2101);
  });

  test('getGroupProfile and searchGroupByID need no membership', async () => {
    const { chat } = await loggedIn(w.server);
    const found = { groupID: 'other', name: 'other', ownerID: 'anna', memberCount: 3, createTime: 1_789_000_000, selfInfo: { userID: 'alice', role: '' } };
    expect((await during(chat.getGroupProfile({ groupID: 'other' }))).data.group).toMatchObject(found);
    expect((await during(chat.searchGroupByID('other'))).data.group).toMatchObject(found);
    w.server.refuse.group = { code: 10015, error: 'bad_group_id' };
    expect((await refused(chat.searchGroupByID('nowhere'))).code).toBe(10015);
  });

  test('profiles are asked for 20 times a second, then 2996', async () => {
    const { chat } = await loggedIn(w.server);
    const asked = await during(Promise.allSettled(Array.from({ length: 21 }, () => chat.getGroupProfile({ groupID: 'demo' }))), 2000);
    expect(asked.filter((r) => r.status === 'fulfilled')).toHaveLength(20);
    expect(asked[20]).toMatchObject({ reason: { code: 2996, data: { temporary: true } } });
    expect((await during(chat.getGroupProfile({ groupID: 'demo' }))).code).toBe(0);
  });

  test('updateGroupProfile sends only what was given', async () => {
    const { chat } = await inRoom(w.server, 'anna');
    const { data } = await during(chat.updateGroupProfile({ groupID: 'demo', notification: 'hi', muteAllMembers: true, joinOption: 'NeedPermission', groupCustomField: [{ key: 'k', value: 'v' }] }));
    const { id: _, ...asked } = w.server.asked('setGroup')[0] as Record<string, unknown>;
    expect(asked).toEqual({ op: 'setGroup', group: 'demo', notice: 'hi', muteAll: true, fields: { k: 'v' } });
    expect(data.group).toMatchObject({ groupID: 'demo', notification: 'hi', muteAllMembers: true });
    await during(chat.updateGroupProfile({ groupID: 'demo', slowMode: 5, guestsSpeak: false, uploads: 'none' }));
    expect(w.server.asked('setGroup')[1]).toMatchObject({ slowMode: 5, guestsSpeak: false, uploads: 'none' });
  });

  test('AVChatRooms are in no list', async () => {
    const { chat } = await inRoom(w.server);
    expect((await during(chat.getGroupList())).data).toEqual({ groupList: [], isCompleted: true });
  });
});

describe('the online count', () => {
  test('of one\'s own room is the newest told, without asking', async () => {
    const { chat, of } = await inRoom(w.server);
    expect((await during(chat.getGroupOnlineMemberCount('demo'))).data).toEqual({ memberCount: 1 });
    w.server.event('demo', 'count', { members: 5, viewers: 2, online: 6 });
    expect((await during(chat.getGroupOnlineMemberCount('demo'))).data).toEqual({ memberCount: 5 });
    expect(of(EVENT.LIVEROOM_COUNT).at(-1)).toEqual({ groupID: 'demo', members: 5, viewers: 2, online: 6 });
    expect(chat.getCount('demo')).toEqual({ groupID: 'demo', members: 5, viewers: 2, online: 6 });
    expect(w.server.asked('count')).toEqual([]);
  });

  test('of another is asked for once in 10 s, however many poll', async () => {
    const { chat } = await loggedIn(w.server);
    const asked = () => during(chat.getGroupOnlineMemberCount('other'));
    expect((await during(Promise.all([chat.getGroupOnlineMemberCount('other'), asked()])))[0].data).toEqual({ memberCount: 7 });
    await pass(9000);
    await asked();
    expect(w.server.asked('count')).toHaveLength(1);
    await pass(1000);
    await asked();
    expect(w.server.asked('count')).toHaveLength(2);
  });

  test('a refusal is not kept', async () => {
    const { chat } = await loggedIn(w.server);
    w.server.refuse.count = { code: 10010 };
    expect((await refused(chat.getGroupOnlineMemberCount('other'))).code).toBe(10010);
    w.server.refuse = {};
    expect((await during(chat.getGroupOnlineMemberCount('other'))).data.memberCount).toBe(7);
  });
});
