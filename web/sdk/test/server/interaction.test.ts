import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { EVENT } from '../../src/constants.ts';
import { Liveroom, refused, type Client } from './liveroom.ts';

let server: Liveroom;
beforeAll(async () => {
  server = await Liveroom.start('--gift-settlement', 'free');
  await server.api('PUT', '/gifts/rose', { name: 'Rose', price: 100, icon: '', effect: 'float', combo: true, enabled: true, order: 1 });
});
afterAll(() => server?.stop());

const soon = (check: () => void) => vi.waitFor(check, { timeout: 15_000, interval: 20 });
const pair = (groupID: string) => server.room(groupID).then(() => Promise.all([server.member('anna', groupID), server.member('bob', groupID)]));

test('likes of one are told to the other, and in the total of both', async () => {
  const [anna, bob] = await pair('likes');
  const taps = await Promise.all(Array.from({ length: 9 }, () => bob.chat.like('likes')));
  expect(taps[8]?.data.accepted).toBe(9);
  expect(bob.chat.getTotals('likes')?.likes).toBe(9);
  await soon(() => expect(anna.of(EVENT.LIVEROOM_LIKES)).toMatchObject([{ from: { userID: 'bob' }, count: 9 }]));
  await soon(() => expect(anna.of(EVENT.LIVEROOM_TOTALS).at(-1)).toMatchObject({ groupID: 'likes', likes: 9 }));
  const guest = server.client();
  await guest.chat.joinGroup({ groupID: 'likes' });
  await soon(() => expect(guest.chat.getTotals('likes')?.likes).toBe(9));
});

test('gifts: at once for who gives, one growing run for the room, ranked; the same order is one gift', async () => {
  const [anna, bob] = await pair('gifts');
  expect((await bob.chat.getGiftList()).data.giftList).toMatchObject([{ id: 'rose', name: 'Rose', price: 100, combo: true }]);
  const combo = bob.chat.combo({ groupID: 'gifts', gift: 'rose' });
  for (let i = 0; i < 45; i++) combo.click();
  const shown = (c: Client) => c.of(EVENT.LIVEROOM_GIFT).filter((g) => g.combo === combo.id);
  await soon(() => expect(shown(anna).at(-1)).toMatchObject({ gift: { id: 'rose', name: 'Rose', effect: 'float' }, from: { userID: 'bob' }, to: 'anna', comboTotal: 45, final: true }));
  expect(shown(anna).reduce((sum, g) => sum + g.count, 0)).toBe(45);
  await soon(() => expect(shown(bob)).toEqual(shown(anna)));
  const twice = { groupID: 'gifts', gift: 'rose', count: 5, order: 'mine' };
  const { data } = await bob.chat.sendGift(twice);
  expect(data.order).toMatchObject({ id: 'mine', groupID: 'gifts', count: 5, value: 500, state: 'accepted' });
  expect((await bob.chat.sendGift(twice)).data.order).toEqual(data.order);
  expect((await bob.chat.getGiftOrder({ groupID: 'gifts', order: 'mine' })).data.order).toEqual(data.order);
  expect(await refused(bob.chat.getGiftOrder({ groupID: 'gifts', order: 'none' }))).toMatchObject({ data: { reason: 'no_such_order' } });
  expect(await refused(bob.chat.sendGift({ ...twice, count: 6 }))).toMatchObject({ data: { reason: 'order_reused' } });
  expect(await refused(bob.chat.sendGift({ groupID: 'gifts', gift: 'moon' }))).toMatchObject({ data: { reason: 'no_such_gift' } });
  expect(await refused(bob.chat.sendGift({ groupID: 'gifts', gift: 'rose', price: 90 }))).toMatchObject({ code: 10057, message: 'the gift costs 100 now', data: { reason: 'price_changed', field: 'price' } });
  await soon(() => expect(anna.chat.getTotals('gifts')).toMatchObject({ giftValue: 5000, giftCount: 50 }));
  expect((await anna.chat.getGiftRanking({ groupID: 'gifts', scope: 'all' })).data).toMatchObject({ ranking: [{ rank: 1, userID: 'bob', value: 5000, count: 50 }], totals: { value: 5000, count: 50, senders: 1 } });
});

test('a gift whose line falls is given once', async () => {
  const [anna, bob] = await pair('fall');
  const sent = bob.chat.sendGift({ groupID: 'fall', gift: 'rose' });
  bob.network.cut();
  expect((await sent).data.order.state).toBe('accepted');
  await soon(() => expect(anna.of(EVENT.LIVEROOM_GIFT)).toHaveLength(1));
  expect((await anna.chat.getGiftRanking({ groupID: 'fall', scope: 'all' })).data.totals.count).toBe(1);
});

test('levels are on messages and members; following is told and holds', async () => {
  await server.api('POST', '/users/bob/level/adjust', { points: 1000, reason: 'a test' });
  const [anna, bob] = await pair('people');
  const { level } = (await bob.chat.getLevel()).data;
  expect(level).toBeGreaterThan(0);
  await bob.say('hello', 'people');
  await soon(() => expect(anna.messages().find((m) => m.payload.text === 'hello')?.level).toBe(level));
  expect((await anna.chat.getGroupMemberList({ groupID: 'people' })).data.memberList.find((m) => m.userID === 'bob')?.level).toBe(level);
  expect((await bob.chat.follow('anna', 'people')).data).toEqual({ following: true, followers: 1 });
  expect((await bob.chat.getFollowing()).data.userList).toMatchObject([{ userID: 'anna' }]);
  expect((await anna.chat.getFollowers()).data.userList).toMatchObject([{ userID: 'bob' }]);
  expect((await anna.chat.getFollow('bob')).data.following).toBe(false);
  expect((await anna.chat.followUser(['bob', 'anna'])).data).toMatchObject([{ userID: 'bob', code: 0 }, { userID: 'anna', code: 10004 }]);
  expect((await bob.chat.getMyFollowersList()).data).toMatchObject({ resultList: [{ userID: 'anna', followTime: expect.any(Number) }], nextCursor: '' });
  await soon(() => expect(anna.messages().some((m) => m.type === 'TIMCustomElem' && m.from === 'bob' && m.payload.data.includes('follow'))).toBe(true));
});

test('the anchor draws among those who said it', async () => {
  const [anna, bob] = await pair('draw');
  await anna.chat.startDraw({ groupID: 'draw', drawID: 'd1', title: 'Tea', prize: 'a cup', trigger: { keyword: 'me' }, seconds: 600, winners: 2 });
  await soon(() => expect(bob.of(EVENT.LIVEROOM_DRAW_STARTED)).toMatchObject([{ draw: { id: 'd1', places: 2, state: 'open', trigger: { keyword: 'me' } } }]));
  expect(await refused(bob.chat.endDraw({ groupID: 'draw', drawID: 'd1' }))).toMatchObject({ code: 10007 });
  await bob.say('me', 'draw');
  await bob.say('not me', 'draw');
  const ended = (await anna.chat.endDraw({ groupID: 'draw', drawID: 'd1' })).data.draw;
  expect(ended).toMatchObject({ state: 'ended', entries: 1, winners: [{ userID: 'bob' }] });
  await soon(() => expect(bob.of(EVENT.LIVEROOM_DRAW_ENDED)).toMatchObject([{ draw: { id: 'd1', drawn: 1, winners: [{ userID: 'bob' }], seed: ended?.seed } }]));
  expect((await bob.chat.getDraw('draw')).data.draw).toEqual({ ...ended, winners: ended?.winners });
});
