import { describe, expect, test } from 'vitest';
import { EVENT } from '../src/constants.ts';
import { client, during, inRoom, pass, refused, world, type Client } from './helper.ts';

const w = world();
const groupID = 'demo';
const totals = (c: Client) => c.of(EVENT.LIVEROOM_TOTALS).map((t) => t.likes);
const custom = (data: object) => [{ MsgType: 'TIMCustomElem', MsgContent: { Data: JSON.stringify(data), Desc: '', Ext: '' } }];

describe('likes', () => {
  test('the total is ahead at once; one message a second leaves, with the sum of the taps', async () => {
    w.server.group().state.counters = { live_likes: 100 };
    const alice = await inRoom(w.server);
    expect(alice.chat.getTotals(groupID)?.likes).toBe(100);
    alice.forget();
    const taps = Array.from({ length: 8 }, () => alice.chat.like(groupID));
    expect(totals(alice)).toEqual([101, 102, 103, 104, 105, 106, 107, 108]);
    await pass(5);
    for (let i = 0; i < 20; i++) {
      taps.push(alice.chat.like(groupID));
      await pass(50);
    }
    const ends = await during(Promise.all(taps), 1200);
    expect(w.server.asked('like').map((f) => f.count)).toEqual([8, 20]);
    expect(ends.at(-1)?.data).toEqual({ groupID, accepted: 20, likes: 128 });
    expect(alice.chat.getTotals(groupID)?.likes).toBe(128);
  });

  test('what the server did not take is given back', async () => {
    const alice = await inRoom(w.server);
    w.server.also.like = { accepted: 30, likes: 30 };
    const { data } = await during(alice.chat.like(groupID, 50), 100);
    expect(data).toEqual({ groupID, accepted: 30, likes: 30 });
    w.server.refuse.like = { code: 10017, error: 'muted' };
    const refusal = alice.chat.like(groupID).catch((err) => err.code);
    expect(alice.chat.getTotals(groupID)?.likes).toBe(31);
    expect(await during(refusal, 1100)).toBe(10017);
    expect(alice.chat.getTotals(groupID)?.likes).toBe(30);
  });

  test('a server that does not know the total yet took them all the same', async () => {
    w.server.group().state.counters = { live_likes: 100 };
    const alice = await inRoom(w.server);
    w.server.also.like = { accepted: 4, likes: undefined as never };
    expect((await during(alice.chat.like(groupID, 5))).data).toEqual({ groupID, accepted: 4, likes: 104 });
  });

  test('a lost message is not sent twice', async () => {
    const alice = await inRoom(w.server);
    w.server.swallow.add('like');
    const lost = alice.chat.like(groupID).catch((err) => err.code);
    await pass(100);
    w.server.cut();
    expect(await during(lost, 3000)).toBe(2800);
    expect(w.server.asked('like')).toHaveLength(1);
  });

  test('counters tell the total; an older one takes nothing back', async () => {
    const alice = await inRoom(w.server);
    await during(alice.chat.like(groupID, 5));
    w.server.event('demo', 'counters', { counters: { live_likes: 3, live_gift_value: 700, live_gift_count: 7, live_popularity: 42 } });
    expect(alice.of(EVENT.LIVEROOM_TOTALS).at(-1)).toEqual({ groupID, likes: 5, giftValue: 700, giftCount: 7, popularity: 42 });
    w.server.event('demo', 'counters', { counters: { live_likes: 90, live_gift_value: 700, live_gift_count: 7, live_popularity: 42 } });
    expect(alice.chat.getTotals(groupID)?.likes).toBe(90);
    alice.forget();
    w.server.event('demo', 'counters', { counters: { live_likes: 90, live_gift_value: 700, live_gift_count: 7, live_popularity: 42, own: 1 } });
    expect(totals(alice)).toEqual([]);
  });

  test('of others are told, own ones are not', async () => {
    const alice = await inRoom(w.server);
    w.server.say('demo', 'bob', custom({ type: 'like', count: 4 }), { nick: 'Bob' });
    w.server.say('demo', 'alice', custom({ type: 'like', count: 4 }));
    w.server.say('demo', 'bob', custom({ type: 'like', count: 'x' }), { nick: 'Bob' });
    const from = { userID: 'bob', nick: 'Bob', avatar: '' };
    expect(alice.of(EVENT.LIVEROOM_LIKES)).toEqual([{ groupID, from, count: 4 }, { groupID, from, count: 1 }]);
  });

  test('are for who is logged in', async () => {
    const guest = client(w.server);
    await during(guest.chat.joinGroup({ groupID }));
    expect((await refused(guest.chat.like(groupID))).code).toBe(2999);
  });
});

describe('draws', () => {
  const draw = { id: 'd1', title: 'Tea', prize: 'a cup', trigger: { keyword: '666' }, endsAt: '2026-11-30T09:00:00.000Z', winners: 2, eligibility: { minLevel: 3 }, commitment: 'c0ffee', rulesHash: 'f00d' };
  const result = { ...draw, seed: 'abc', entriesHash: 'ff', entries: 9, drawn: 31, winners: [{ user: 'bob', nick: 'Bob' }] };

  test('begin and end once each, told by the server alone', async () => {
    const alice = await inRoom(w.server);
    w.server.say('demo', 'mallory', custom({ type: 'draw_start', draw }));
    w.server.tell('demo', { type: 'draw_start', draw });
    w.server.tell('demo', { type: 'draw_result', draw: result });
    w.server.tell('demo', { type: 'draw_start', draw }); // told late
    w.server.tell('demo', { type: 'draw_result', draw: result });
    w.server.tell('demo', { type: 'draw_start', draw: { ...draw, id: 'd2' } });
    w.server.tell('demo', { type: 'draw_cancelled', draw: { ...draw, id: 'd2' } });
    expect(alice.of(EVENT.LIVEROOM_DRAW_STARTED)).toMatchObject([
      { groupID, draw: { id: 'd1', places: 2, trigger: { keyword: '666', contains: false, messageType: '' }, eligibility: { minLevel: 3, follower: false }, commitment: 'c0ffee', rulesHash: 'f00d', state: 'open', winners: [] } },
      { draw: { id: 'd2' } },
    ]);
    expect(alice.of(EVENT.LIVEROOM_DRAW_ENDED)).toMatchObject([
      { draw: { id: 'd1', state: 'ended', seed: 'abc', rulesHash: 'f00d', entries: 9, drawn: 31, winners: [{ userID: 'bob', nick: 'Bob' }] } }, { draw: { id: 'd2', state: 'cancelled' } },
    ]);
  });

  test('one that runs is asked for, and is no news after that', async () => {
    const alice = await inRoom(w.server);
    expect((await during(alice.chat.getDraw(groupID))).data).toEqual({ draw: null });
    w.server.draw = { ...draw, until: '2026-11-30T09:05:00.000Z' };
    expect((await during(alice.chat.getDraw(groupID))).data.draw).toMatchObject({ id: 'd1', state: 'open', places: 2, rulesHash: 'f00d', until: '2026-11-30T09:05:00.000Z' });
    w.server.tell('demo', { type: 'draw_start', draw });
    expect(alice.of(EVENT.LIVEROOM_DRAW_STARTED)).toEqual([]);
  });
});

test('an anchor starts a draw, and ends or cancels it', async () => {
  const anna = await inRoom(w.server, 'anna');
  const terms = { groupID, drawID: 'd9', title: 'Tea', trigger: { keyword: 'x' }, seconds: 60, winners: 3, eligibility: { minLevel: 2 } };
  w.server.also.startDraw = { draw: { id: 'd9', title: 'Tea', places: 3, state: 'open', winners: [] } };
  expect((await during(anna.chat.startDraw(terms))).data.draw).toMatchObject({ id: 'd9', places: 3, state: 'open' });
  expect(w.server.asked('startDraw')[0]).toMatchObject({ group: 'demo', draw: 'd9', title: 'Tea', trigger: { keyword: 'x' }, seconds: 60, winners: 3, eligibility: { minLevel: 2 } });
  w.server.also.endDraw = { draw: { id: 'd9', places: 3, state: 'ended', winners: [{ user: 'bob', nick: 'Bob', ticket: '0a' }] } };
  expect((await during(anna.chat.endDraw({ groupID, drawID: 'd9' }))).data.draw).toMatchObject({ state: 'ended', places: 3, winners: [{ userID: 'bob' }] });
  await during(anna.chat.cancelDraw({ groupID, drawID: 'd8', reason: 'oops' }));
  expect(w.server.asked('cancelDraw')[0]).toMatchObject({ group: 'demo', draw: 'd8', reason: 'oops' });
});

describe('people', () => {
  test('levels are on messages and members, and told when they rise', async () => {
    const alice = await inRoom(w.server);
    w.server.say('demo', 'bob', 'hi', { level: 7, badge: 'gold' });
    w.server.say('demo', 'cy', 'hi');
    expect(alice.messages().map((m) => [m.level, m.badge])).toEqual([[7, 'gold'], [0, '']]);
    w.server.batch('demo', { type: 'event', event: 'level', data: { user: 'bob', nick: 'Bob', level: 8, from: 7, badge: 'gold' } });
    expect(alice.of(EVENT.LIVEROOM_LEVEL)).toEqual([{ groupID, userID: 'bob', nick: 'Bob', level: 8, from: 7, badge: 'gold' }]);
    w.server.also.members = { members: [{ user: 'bob', nick: 'Bob', avatar: '', level: 8, badge: 'gold' }], next: '' };
    expect((await during(alice.chat.getGroupMemberList({ groupID }))).data.memberList).toMatchObject([{ userID: 'bob', level: 8, badge: 'gold' }]);
    w.server.also.getLevel = { user: 'alice', level: 3, score: 250, next: 400, badge: '', membership: 'silver' };
    expect((await during(alice.chat.getLevel())).data).toEqual({ userID: 'alice', level: 3, score: 250, next: 400, badge: '', membership: 'silver' });
  });

  test('are followed and not any more', async () => {
    const { chat } = await inRoom(w.server);
    expect((await during(chat.getFollow('anna'))).data).toEqual({ following: false, followers: 7 });
    expect((await during(chat.follow('anna', groupID))).data).toEqual({ following: true, followers: 8 });
    expect(w.server.asked('follow')[0]).toMatchObject({ user: 'anna', group: 'demo' });
    expect((await during(chat.unfollow('anna'))).data.following).toBe(false);
    w.server.also.following = { users: [{ user: 'anna', nick: 'Anna', avatar: '' }], next: 'n' };
    expect((await during(chat.getFollowing())).data).toEqual({ userList: [{ userID: 'anna', nick: 'Anna', avatar: '' }], next: 'n' });
    expect((await refused(chat.follow(''))).code).toBe(2002);
  });

  test('are followed in Tencent’s way: several at once, each with a code, and in pages', async () => {
    const { chat } = await inRoom(w.server);
    w.server.refuse.follow = (f) => (f.user === 'alice' ? { code: 10004, error: 'cannot_follow_oneself', detail: 'nobody follows himself' } : null);
    expect((await during(chat.followUser(['anna', 'alice', 'anna']))).data).toEqual([{ userID: 'anna', code: 0, info: '' }, { userID: 'alice', code: 10004, info: 'nobody follows himself' }]);
    expect([w.server.asked('follow').length, [...w.server.follows]]).toEqual([2, ['anna']]);
    expect((await refused(chat.followUser(['alice']))).code).toBe(10004); // none of them
    for (const none of [[], Array.from({ length: 21 }, (_, i) => `u${i}`), undefined as never]) expect((await refused(chat.followUser(none))).code).toBe(2905);
    expect((await during(chat.unfollowUser(['anna']))).data).toEqual([{ userID: 'anna', code: 0, info: '' }]);
    w.server.also.followers = { users: [{ user: 'bob', nick: 'Bob', avatar: '', since: 1_790_000_013 }], next: 'n' };
    expect((await during(chat.getMyFollowersList())).data).toEqual({ resultList: [{ userID: 'bob', nick: 'Bob', avatar: '', followTime: 1_790_000_013 }], nextCursor: 'n' });
    expect((await during(chat.getMyFollowingList('n'))).data).toEqual({ resultList: [], nextCursor: '' });
    expect(w.server.asked('following')[0]).toMatchObject({ next: 'n', limit: 100 });
    expect((await refused(client(w.server).chat.followUser(['anna']))).code).toBe(2999);
  });

  test('how a live went is told at its end', async () => {
    const alice = await inRoom(w.server);
    w.server.tell('demo', { type: 'session_summary', session: 's1', duration: 3600, likes: 9, top: [{ rank: 1, user: 'bob', nick: 'Bob', value: 5 }], curve: [1, 2] });
    expect(alice.of(EVENT.LIVEROOM_SUMMARY)).toMatchObject([{ groupID, summary: { session: 's1', duration: 3600, likes: 9, top: [{ userID: 'bob' }], curve: [1, 2] } }]);
    expect((await during(alice.chat.getSummary(groupID))).data).toEqual({ summary: null });
  });
});
