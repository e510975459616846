import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { EVENT } from '../../src/constants.ts';
import type { Message } from '../../src/types.ts';
import { Liveroom, refused, type Client } from './liveroom.ts';

let server: Liveroom;
beforeAll(async () => {
  server = await Liveroom.start('--chat-members-write', 'on', '--chat-user-burst', '0');
});
afterAll(() => server?.stop());

const soon = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 20 });
const tips = (c: Client, operationType: number) => c.messages().filter((m) => m.type === 'TIMGroupTipElem' && m.payload.operationType === operationType);

describe('two users in a room', () => {
  test('chat both ways, own messages at once and not back, nick and avatar on each', async () => {
    await server.room('chat');
    const alice = await server.member('alice', 'chat');
    const bob = await server.user('bob');
    const joined = await bob.chat.joinGroup({ groupID: 'chat' });
    expect(joined.data).toMatchObject({ status: 'JoinedSuccess', group: { groupID: 'chat', name: 'Room chat', ownerID: 'anna', notification: 'be kind', type: 'AVChatRoom', selfInfo: { userID: 'bob', role: 'Member' } } });
    expect((await bob.chat.joinGroup({ groupID: 'chat' })).data.status).toBe('AlreadyInGroup');

    const mine = alice.chat.createTextMessage({ to: 'chat', conversationType: 'GROUP', payload: { text: 'hello' }, priority: 'High', cloudCustomData: 'x' });
    const sent = await alice.chat.sendMessage(mine);
    expect(sent.data.message).toBe(mine);
    expect(mine.status).toBe('success');
    await soon(() => expect(bob.texts()).toEqual(['hello']));
    expect(bob.messages().find((m) => m.payload.text === 'hello')).toMatchObject({ ID: mine.ID, from: 'alice', flow: 'in', sequence: mine.sequence, time: mine.time, priority: 'High', cloudCustomData: 'x', conversationID: 'GROUPchat' });
    await bob.say('hi', 'chat');
    await soon(() => expect(alice.texts()).toEqual(['hi']));
    expect(bob.texts()).toEqual(['hello']);
  });

  test('every type arrives as it was sent', async () => {
    await server.room('types');
    const [alice, bob] = await Promise.all([server.member('alice', 'types'), server.member('bob', 'types')]);
    const to = { to: 'types', conversationType: 'GROUP' };
    const sent = [
      alice.chat.createTextMessage({ ...to, payload: { text: '你好 👋' } }),
      alice.chat.createCustomMessage({ ...to, payload: { data: '{"gift":1}', description: 'a rose', extension: 'e' } }),
      alice.chat.createFaceMessage({ ...to, payload: { index: 3, data: 'tt03' } }),
      alice.chat.createLocationMessage({ ...to, payload: { description: 'Wien', latitude: 48.2, longitude: 16.37 } }),
    ];
    for (const message of sent) await alice.chat.sendMessage(message);
    const seen = () => bob.messages().filter((m) => m.from === 'alice' && m.type !== 'TIMGroupTipElem');
    await soon(() => expect(seen()).toHaveLength(4));
    expect(seen().map((m) => [m.ID, m.type, m.payload])).toEqual(sent.map((m) => [m.ID, m.type, m.payload]));
  });

  test('another instance of the same user gets what was said on the first', async () => {
    await server.room('both');
    const [here, there] = [await server.member('alice', 'both'), await server.member('alice', 'both')];
    await here.say('mine', 'both');
    await soon(() => expect(there.texts()).toEqual(['mine']));
    expect(there.messages().find((m) => m.payload.text === 'mine')?.flow).toBe('out');
    expect(here.texts()).toEqual([]);
  });

  test('a newcomer gets the history first, marked', async () => {
    await server.room('history');
    const alice = await server.member('alice', 'history');
    for (const said of ['one', 'two']) await alice.say(said, 'history');
    const bob = await server.user('bob');
    const first = bob.next(EVENT.MESSAGE_RECEIVED) as Promise<Message[]>;
    await bob.chat.joinGroup({ groupID: 'history' });
    expect((await first).filter((m) => m.from === 'alice').map((m) => [m.payload.text, m.isHistory])).toEqual([['one', true], ['two', true]]);
    await alice.say('three', 'history');
    await soon(() => expect(bob.texts()).toEqual(['one', 'two', 'three']));
  });

  test('comings and goings are tips, and the number of people follows', async () => {
    await server.room('tips');
    const alice = await server.member('alice', 'tips');
    const bob = await server.member('bob', 'tips');
    await soon(() => expect(tips(alice, 1).map((m) => m.payload.operatorID)).toContain('bob'));
    await soon(() => expect(alice.chat.getCount('tips')?.members).toBe(2));
    expect((await alice.chat.getGroupOnlineMemberCount('tips')).data).toEqual({ memberCount: 2 });
    const list = (await alice.chat.getGroupMemberList({ groupID: 'tips' })).data;
    expect(list.offset).toBe(0);
    expect(list.memberList.map((m) => m.userID)).toEqual(['bob', 'alice']);
    await bob.chat.quitGroup('tips');
    await soon(() => expect(tips(alice, 2).map((m) => m.payload.operatorID)).toEqual(['bob']));
    expect((await refused(bob.chat.quitGroup('tips'))).code).toBe(2623);
  });
});

describe('guests', () => {
  test('hear, do not speak, and go on as a user after login', async () => {
    await server.room('guests');
    const alice = await server.member('alice', 'guests');
    const guest = server.client();
    expect((await guest.chat.joinGroup({ groupID: 'guests' })).data).toEqual({ status: 'JoinedSuccess' });
    await alice.say('welcome', 'guests');
    await soon(() => expect(guest.texts()).toEqual(['welcome']));
    expect((await refused(guest.say('me too', 'guests'))).code).toBe(2999);
    await guest.login('gustav');
    await guest.say('now I can', 'guests');
    await soon(() => expect(alice.texts()).toEqual(['now I can']));
    await alice.say('good', 'guests');
    await soon(() => expect(guest.texts()).toEqual(['welcome', 'good']));
  });
});

describe('moderation', () => {
  test('a mute disables at once, is a tip, holds in a new page, and ends', async () => {
    await server.room('mute');
    const anna = await server.member('anna', 'mute');
    const bob = await server.member('bob', 'mute');
    await anna.chat.setGroupMemberMuteTime({ groupID: 'mute', userID: 'bob', muteTime: 60 });
    await soon(() => expect(bob.of(EVENT.LIVEROOM_MUTED).at(-1)).toMatchObject({ muted: true, all: false }));
    expect(tips(bob, 7)).toMatchObject([{ payload: { operatorID: 'anna', memberList: [{ userID: 'bob', muteTime: 60 }] } }]);
    expect(await refused(bob.say('let me', 'mute'))).toMatchObject({ code: 10017, data: { reason: 'muted', message: { status: 'fail' } } });
    const again = await server.member('bob', 'mute');
    expect(again.chat.getMuted('mute')?.muted).toBe(true);
    expect((await anna.chat.getGroupMuteList('mute')).data.memberList).toMatchObject([{ userID: 'bob', by: 'anna' }]);
    await anna.chat.setGroupMemberMuteTime({ groupID: 'mute', userID: 'bob', muteTime: 0 });
    await soon(() => expect(bob.chat.getMuted('mute')?.muted).toBe(false));
    await bob.say('thanks', 'mute');
    expect((await refused(bob.chat.setGroupMemberMuteTime({ groupID: 'mute', userID: 'anna', muteTime: 5 }))).code).toBe(10007);
  });

  test('everybody is muted but the owner', async () => {
    await server.room('all');
    const anna = await server.member('anna', 'all');
    const bob = await server.member('bob', 'all');
    expect((await anna.chat.updateGroupProfile({ groupID: 'all', muteAllMembers: true })).data.group.muteAllMembers).toBe(true);
    await soon(() => expect(tips(bob, 6)).toMatchObject([{ payload: { newGroupProfile: { muteAllMembers: true } } }]));
    expect(bob.chat.getMuted('all')).toMatchObject({ muted: true, all: true });
    expect((await refused(bob.say('hm', 'all'))).code).toBe(10017);
    await anna.say('quiet now', 'all');
    expect((await refused(bob.chat.updateGroupProfile({ groupID: 'all', muteAllMembers: false }))).code).toBe(10007);
  });

  test('kicked: notice 4 to who goes, tip 3 to who stays, and back again', async () => {
    await server.room('kick');
    const [anna, bob, cleo] = [await server.member('anna', 'kick'), await server.member('bob', 'kick'), await server.member('cleo', 'kick')];
    await anna.chat.kickGroupMember({ groupID: 'kick', userIDList: ['bob'], reason: 'a break' });
    await soon(() => expect(bob.messages().at(-1)).toMatchObject({ type: 'TIMGroupSystemNoticeElem', payload: { operationType: 4, operatorID: 'anna', handleMessage: 'a break' } }));
    await soon(() => expect(tips(cleo, 3)).toMatchObject([{ payload: { userIDList: ['bob'] } }]));
    expect((await refused(bob.say('hey', 'kick'))).code).toBe(2101);
    expect((await bob.chat.joinGroup({ groupID: 'kick' })).data.status).toBe('JoinedSuccess');
  });

  test('banned: notice 21, tip 10, no way in until the ban is lifted', async () => {
    await server.room('ban');
    const [anna, bob] = [await server.member('anna', 'ban'), await server.member('bob', 'ban')];
    await anna.chat.deleteGroupMember({ groupID: 'ban', userIDList: ['bob'], duration: 3600, reason: 'spam' });
    await soon(() => expect(bob.of(EVENT.LIVEROOM_LEFT)).toMatchObject([{ reason: 'banned' }]));
    expect(bob.messages().at(-1)?.payload.operationType).toBe(21);
    await soon(() => expect(tips(anna, 10)).toMatchObject([{ payload: { memberList: [{ userID: 'bob', duration: 3600 }] } }]));
    expect(await refused(bob.chat.joinGroup({ groupID: 'ban' }))).toMatchObject({ code: 10007, data: { reason: 'banned', until: expect.any(Number) } });
    expect((await anna.chat.getGroupBanList({ groupID: 'ban' })).data.memberList).toMatchObject([{ userID: 'bob', reason: 'spam' }]);
    await anna.chat.unbanGroupMember({ groupID: 'ban', userIDList: ['bob'] });
    expect((await bob.chat.joinGroup({ groupID: 'ban' })).data.status).toBe('JoinedSuccess');
  });

  test('an administrator is made by the owner, told as tip 4, and may act', async () => {
    await server.room('role');
    const [anna, bob] = [await server.member('anna', 'role'), await server.member('bob', 'role')];
    await anna.chat.setGroupMemberRole({ groupID: 'role', userID: 'bob', role: 'Admin' });
    await soon(() => expect(bob.of(EVENT.LIVEROOM_ROLE)).toEqual([{ groupID: 'role', role: 'Admin' }]));
    expect(tips(bob, 4)).toHaveLength(1);
    await bob.chat.setGroupMemberMuteTime({ groupID: 'role', userID: 'mallory', muteTime: 60 });
  });

  test('who becomes an application administrator is back in his room by himself, with the new rights', async () => {
    await server.room('rights');
    const [anna, ruth] = [await server.member('anna', 'rights'), await server.member('ruth', 'rights')];
    const mute = () => ruth.chat.setGroupMemberMuteTime({ groupID: 'rights', userID: 'mallory', muteTime: 60 });
    expect((await refused(mute())).code).toBe(10007);
    const before = ruth.of(EVENT.NET_STATE_CHANGE).length;
    await server.api('PATCH', '/settings', { settings: { admins: ['ruth'] } });
    await soon(() => expect(ruth.of(EVENT.NET_STATE_CHANGE).slice(before).map((e) => e.state)).toEqual(['connecting', 'connected']));
    await mute();
    await ruth.say('here again', 'rights');
    await soon(() => expect(anna.texts()).toEqual(['here again']));
    expect([ruth.of(EVENT.KICKED_OUT), ruth.of(EVENT.LIVEROOM_LEFT)]).toEqual([[], []]);
    await server.api('PATCH', '/settings', { settings: { admins: null } });
  });

  test('recall: MESSAGE_REVOKED on the message the other has; a verdict: hasRiskContent', async () => {
    await server.room('recall');
    const [alice, bob] = [await server.member('alice', 'recall'), await server.member('bob', 'recall')];
    const oops = await alice.say('oops', 'recall');
    const risky = await alice.say('risky', 'recall');
    await soon(() => expect(bob.texts()).toEqual(['oops', 'risky']));
    await alice.chat.revokeMessage(oops);
    await server.api('POST', `/rooms/recall/messages/${risky.sequence}/verdict`, { verdict: 'block' });
    await soon(() => expect(bob.of(EVENT.MESSAGE_REVOKED)).toHaveLength(1));
    await soon(() => expect(bob.of(EVENT.MESSAGE_MODIFIED)).toHaveLength(1));
    const at = (text: string) => bob.messages().find((m) => m.payload.text === text);
    expect(at('oops')).toMatchObject({ isRevoked: true, revoker: 'alice' });
    expect(at('risky')).toMatchObject({ hasRiskContent: true });
  });

  test('words: blocked is 80001, replaced is MESSAGE_MODIFIED on the own message', async () => {
    await server.api('PUT', '/words', { words: [{ word: 'spamword', action: 'block' }, { word: 'darn', action: 'replace' }] });
    await server.room('words');
    const [alice, bob] = [await server.member('alice', 'words'), await server.member('bob', 'words')];
    expect((await refused(alice.say('buy spamword', 'words'))).code).toBe(80001);
    const mine = await alice.say('darn it', 'words');
    expect(mine).toMatchObject({ isModified: true, status: 'success' });
    await soon(() => expect(bob.texts()).toEqual([mine.payload.text]));
    expect(mine.payload.text).not.toContain('darn');
    expect(alice.of(EVENT.MESSAGE_MODIFIED)).toHaveLength(1);
  });

  test('slow mode says when one may speak next', async () => {
    await server.room('slow');
    const [anna, bob] = [await server.member('anna', 'slow'), await server.member('bob', 'slow')];
    await anna.chat.updateGroupProfile({ groupID: 'slow', slowMode: 30 });
    await soon(() => expect(bob.of(EVENT.LIVEROOM_LIMITS).at(-1)).toMatchObject({ slowMode: 30 }));
    await bob.say('first', 'slow');
    const err = await refused(bob.say('second', 'slow'));
    expect(err).toMatchObject({ code: 10023, data: { reason: 'slow_mode', temporary: true } });
    expect(err.data.nextAt).toBeGreaterThan(Date.now() + 20_000);
    expect(bob.of(EVENT.LIVEROOM_LIMITS).at(-1).nextAt).toBe(err.data.nextAt);
  });
});

describe('values', () => {
  test('attributes reach the others with what changed', async () => {
    await server.room('attributes');
    const [alice, bob] = [await server.member('alice', 'attributes'), await server.member('bob', 'attributes')];
    const groupID = 'attributes';
    await alice.chat.initGroupAttributes({ groupID, groupAttributes: { a: '1', b: '2' } });
    await alice.chat.setGroupAttributes({ groupID, groupAttributes: { b: '3' } });
    await alice.chat.deleteGroupAttributes({ groupID, keyList: ['a'] });
    await soon(() => expect(bob.of(EVENT.GROUP_ATTRIBUTES_UPDATED).at(-1)).toMatchObject({ deletedKeyList: ['a'] }));
    const { live_status: _, ...own } = bob.of(EVENT.GROUP_ATTRIBUTES_UPDATED).at(-1).groupAttributes;
    expect(own).toEqual({ b: '3' });
    expect((await bob.chat.getGroupAttributes({ groupID, keyList: ['b'] })).data.groupAttributes).toEqual({ b: '3' });
    await bob.chat.setGroupAttributes({ groupID, groupAttributes: { b: '4' } });
    expect((await alice.chat.getGroupAttributes({ groupID, keyList: ['b'] })).data.groupAttributes).toEqual({ b: '4' });
  });

  test('of two who write attributes at once one must look again', async () => {
    await server.room('conflict');
    const both = [await server.member('alice', 'conflict'), await server.member('bob', 'conflict')];
    const groupID = 'conflict';
    await both[0]!.chat.setGroupAttributes({ groupID, groupAttributes: { a: '0' } });
    await soon(() => expect(both[1]!.of(EVENT.GROUP_ATTRIBUTES_UPDATED).at(-1)?.groupAttributes).toMatchObject({ a: '0' }));
    const ends = await Promise.allSettled(both.map(({ chat }, i) => chat.setGroupAttributes({ groupID, groupAttributes: { a: `${i + 1}` } })));
    expect(ends.map((e) => e.status).sort()).toEqual(['fulfilled', 'rejected']);
    const late = ends.findIndex((e) => e.status === 'rejected');
    expect((ends[late] as PromiseRejectedResult).reason).toMatchObject({ code: 10056 });
    const { chat } = both[late]!;
    expect((await chat.getGroupAttributes({ groupID, keyList: [] })).data.groupAttributes).toMatchObject({ a: `${2 - late}` });
    await chat.setGroupAttributes({ groupID, groupAttributes: { a: 'again' } });
  });

  test('a notification reaches those who are there, or those it is for', async () => {
    await server.room('told');
    const [alice, bob] = [await server.member('alice', 'told'), await server.member('bob', 'told')];
    await server.api('POST', '/rooms/told/notifications', { content: 'for bob', users: ['bob'] });
    await server.api('POST', '/rooms/told/notifications', { content: 'for all' });
    const told = (who: typeof alice) => who.of(EVENT.GROUP_SYSTEM_NOTICE_RECEIVED).map(({ type, message }) => [type, message.payload.userDefinedField]);
    await soon(() => expect(told(bob)).toEqual([[255, 'for bob'], [255, 'for all']]));
    expect(told(alice)).toEqual([[255, 'for all']]);
  });

  test('counters add up, and come to the others as one event a key', async () => {
    await server.room('counters');
    const [alice, bob] = [await server.member('alice', 'counters'), await server.member('bob', 'counters')];
    const groupID = 'counters';
    expect((await alice.chat.setGroupCounters({ groupID, counters: { likes: 5 } })).data).toEqual({ counters: { likes: 5 } });
    expect((await alice.chat.increaseGroupCounter({ groupID, key: 'likes', value: 3 })).data).toEqual({ groupID, key: 'likes', value: 8 });
    expect((await bob.chat.decreaseGroupCounter({ groupID, key: 'likes', value: 1 })).data.value).toBe(7);
    // The room's popularity is a counter too, which the server sets when it has found it out.
    expect((await bob.chat.getGroupCounters({ groupID })).data.counters).toMatchObject({ likes: 7 });
    const liked = () => bob.of(EVENT.GROUP_COUNTER_UPDATED).filter(({ key }) => key === 'likes');
    await soon(() => expect(liked().at(-1)).toEqual({ groupID, key: 'likes', value: 7 }));
    await alice.chat.setGroupCounters({ groupID, counters: { heat: 9_007_199_254_740_993n as never } });
    expect((await bob.chat.getGroupCounters({ groupID, keyList: ['heat'] })).data.counters).toEqual({ heat: 9_007_199_254_740_992 });
  });

  test('the notice, the live status, and fields from outside', async () => {
    await server.room('info');
    const alice = await server.member('alice', 'info');
    await soon(() => expect(alice.of(EVENT.LIVEROOM_NOTICE)).toEqual([{ groupID: 'info', notice: 'be kind' }]));
    expect(alice.chat.getLiveStatus('info')).toMatchObject({ name: 'waiting' });
    await server.api('PUT', '/rooms/info/notice', { notice: 'new' });
    await soon(() => expect(tips(alice, 6)).toMatchObject([{ payload: { newGroupProfile: { notification: 'new' } } }]));
    await server.api('POST', '/rooms/info/end', { reason: 'good night' });
    await soon(() => expect(alice.chat.getLiveStatus('info')).toMatchObject({ name: 'ended' }));
    const { group } = (await alice.chat.getGroupProfile({ groupID: 'info' })).data;
    expect(group).toMatchObject({ notification: 'new', ownerID: 'anna', memberCount: 1 });
    expect(group.groupCustomField.map((f) => f.key)).toContain('live_status');
  });
});

describe('where one is', () => {
  test('joining another room leaves the first; opted out, both are kept', async () => {
    await server.room('one');
    await server.room('two');
    const anna = await server.member('anna', 'one');
    const bob = await server.user('bob');
    await bob.chat.joinGroup({ groupID: 'one' });
    await bob.chat.joinGroup({ groupID: 'two' });
    await anna.say('still here?', 'one');
    await bob.say('here now', 'two');
    expect((await refused(bob.say('back', 'one'))).code).toBe(2101);
    const both = await server.user('cleo', { unlimitedAVChatRoom: true });
    await both.chat.joinGroup({ groupID: 'one' });
    await both.chat.joinGroup({ groupID: 'two' });
    await both.say('everywhere', 'one');
    await soon(() => expect(anna.texts()).toEqual(['everywhere']));
    expect(bob.texts()).toEqual([]);
  });

  test('a room that is not there, an end for all', async () => {
    const bob = await server.user('bob');
    expect((await refused(bob.chat.joinGroup({ groupID: 'nowhere' }))).code).toBe(10010);
    await server.room('gone');
    await bob.chat.joinGroup({ groupID: 'gone' });
    const guest = server.client();
    await guest.chat.joinGroup({ groupID: 'gone' });
    await server.api('DELETE', '/rooms/gone');
    for (const c of [bob, guest]) await soon(() => expect(c.messages().at(-1)).toMatchObject({ type: 'TIMGroupSystemNoticeElem', payload: { operationType: 5 } }));
    expect((await refused(bob.say('hello?', 'gone'))).code).toBe(2101);
  });

  test('a UserSig of another, a forged one, one that is over', async () => {
    const c = server.client();
    expect((await refused(c.chat.login({ userID: 'bob', userSig: server.userSig('alice') }))).code).toBe(70013);
    expect((await refused(c.chat.login({ userID: 'bob', userSig: 'nonsense' }))).code).toBeGreaterThanOrEqual(70002);
    await c.login('bob');
    expect(c.chat.getLoginUser()).toBe('bob');
    const brief = server.client();
    await brief.login('bob', '2s');
    await soon(() => expect(brief.of(EVENT.KICKED_OUT)).toEqual([{ type: 'userSigExpired' }]));
    expect(brief.chat.isReady()).toBe(false);
    await brief.login('bob');
  });
});
