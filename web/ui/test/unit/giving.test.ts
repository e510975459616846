import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeServer } from '../../../sdk/test/fake-server.ts';
import { en } from '../../src/i18n/en.ts';
import { PendingGifts } from '../../src/interact/pending.ts';
import { pass, tab, visit } from './life.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const rose = { id: 'rose', name: 'Rose', price: 100, icon: '', effect: '', combo: true };
const state = (room: ReturnType<typeof visit>) => room.life.given.value?.order.state;

async function entered(server: FakeServer, place = tab()) {
  const room = visit(server, place);
  room.chat.start();
  await pass();
  return room;
}

describe('a gift that is pending', () => {
  test.each(['accepted', 'refused'] as const)('is asked for by the page that was loaded again, which tells that it was %s', async (end) => {
    const server = new FakeServer();
    const place = tab();
    server.settlement = 'later';
    const before = await entered(server, place);
    void before.life.give(rose, 3);
    await pass();
    const id = server.asked('sendGift')[0]?.order as string;
    expect([state(before), place.kept.size]).toEqual(['pending', 1]);
    before.stop();
    const after = await entered(server, place);
    expect([state(after), after.life.given.value?.order.count]).toEqual(['pending', 3]);
    server.settle('alice', id, end, 'no coins');
    expect([state(after), after.life.given.value?.why, place.kept.size]).toEqual([end, end === 'refused' ? 'no coins' : '', 0]);
    expect(server.asked('sendGift')).toHaveLength(1);
    after.stop();
  });

  test('and was decided meanwhile is told at once; one the server never got was not given', async () => {
    const server = new FakeServer();
    const place = tab();
    const pending = new PendingGifts(place);
    pending.keep('alice', 'demo', 'lost');
    pending.keep('bob', 'demo', 'of-bob');
    pending.keep('alice', 'tea', 'elsewhere');
    server.refuse.giftOrder = { code: 10010, error: 'no_such_order' };
    const room = await entered(server, place);
    expect(room.life.given.value).toMatchObject({ order: { id: 'lost', state: 'refused' }, why: '' });
    expect(server.asked('giftOrder').map((f) => f.order)).toEqual(['lost']);
    expect([pending.of('alice', 'demo'), pending.of('bob', 'demo'), pending.of('alice', 'tea')]).toEqual([[], ['of-bob'], ['elsewhere']]);
    room.stop();
  });

  test('whose giver signs out is not called refused: it may still be accepted', async () => {
    const server = new FakeServer();
    server.settlement = 'later';
    server.swallow.add('sendGift');
    const room = await entered(server);
    const given = room.life.give(rose, 1);
    await pass();
    await room.sdk.logout();
    await given;
    expect(state(room)).toBe('pending');
    room.stop();
  });

  test('is remembered with few others, whatever lies there', () => {
    const place = tab();
    const pending = new PendingGifts(place);
    for (let i = 0; i < 500; i++) pending.keep('alice', 'demo', `o${i}`);
    pending.keep('alice', 'demo', 'o499');
    expect([pending.of('alice', 'demo').length, pending.of('alice', 'demo').at(-1)]).toEqual([50, 'o499']);
    for (const junk of ['', '{', 'null', '{"a":1}', '[1,["a"],["a","b",3],["alice","demo","x","y"]]']) {
      place.kept.set('gifts', junk);
      expect(pending.of('alice', 'demo')).toEqual([]);
    }
    const none = new PendingGifts({ read: () => null, write: () => {} });
    none.keep('alice', 'demo', 'x');
    expect(none.of('alice', 'demo')).toEqual([]);
  });
});

test('that a gift was given is told for a while; a refusal until note was taken of it', async () => {
  const server = new FakeServer();
  const room = await entered(server);
  void room.life.give(rose, 1);
  await pass();
  expect(state(room)).toBe('accepted');
  await pass(10_000);
  expect(room.life.given.value).toBeNull();
  server.refuse.sendGift = { code: 10016, error: 'gift_refused', detail: 'no coins' };
  void room.life.give(rose, 1);
  await pass(60_000);
  expect(room.life.given.value?.why).toBe('no coins');
  room.life.forgetGiven();
  expect(room.life.given.value).toBeNull();
  room.stop();
});

test('a gift that can’t even be sent is not given, and says so of itself and not of the one before', async () => {
  const server = new FakeServer();
  const room = await entered(server);
  void room.life.give(rose, 1);
  await pass();
  void room.life.give({ ...rose, id: 'car', name: 'Car' }, 0);
  await pass();
  expect(room.life.given.value).toMatchObject({ order: { gift: 'car', state: 'refused' }, why: en.err_unknown });
  room.stop();
});

test('a gift that is no more has the catalogue read again', async () => {
  const server = new FakeServer();
  const room = await entered(server);
  server.gifts = server.gifts.filter((gift) => gift.id !== 'rose');
  room.life.combo(rose).click();
  await pass();
  expect([room.life.gifts.value?.map((gift) => gift.id), room.life.given.value?.why]).toEqual([['car'], en.err_gift_none]);
  room.stop();
});

test('a gift at another price than was shown is not given; what it costs is read and told', async () => {
  const server = new FakeServer();
  const room = await entered(server);
  const costs = (price: number) => (server.gifts = server.gifts.map((gift) => ({ ...gift, price })));
  const told = () => room.life.given.value?.why;
  costs(12_000);
  void room.life.give(rose, 3);
  await pass();
  expect([state(room), told(), room.life.gifts.value?.[0]?.price]).toEqual(['refused', 'the price has changed, Rose is now 120', 12_000]);
  const combo = room.life.combo(rose); // of who has not looked yet
  for (let i = 0; i < 5; i++) combo.click();
  await pass(10_000);
  expect([state(room), told(), server.orders.size]).toEqual(['refused', 'the price has changed, Rose is now 120', 0]);
  costs(0);
  room.life.combo({ ...rose, price: 12_000 }).click();
  await pass();
  expect(told()).toBe('the price has changed, Rose is now free');
  costs(100);
  server.refuse.gifts = { code: 10002, error: 'store_unavailable', temporary: true };
  void room.life.give({ ...rose, price: 0 }, 1);
  await pass();
  expect(told()).toBe(en.err_price); // what it costs is not known yet
  server.refuse = {};
  await pass(10_000);
  expect(told()).toBe('the price has changed, Rose is now 1');
  void room.life.give({ ...rose, price: 120 }, 1); // read meanwhile, and not yet seen
  await pass();
  expect([state(room), told()]).toEqual(['refused', 'the price has changed, Rose is now 1']);
  server.refuse.sendGift = { code: 10057, error: 'price_changed' };
  void room.life.give(rose, 1);
  await pass();
  expect(told()).toBe(en.err_price); // another node lists the old price yet
  server.refuse = {};
  void room.life.give(rose, 1);
  await pass();
  expect([state(room), server.orders.size]).toEqual(['accepted', 1]);
  room.stop();
});

test('what a person gave and has is not shown to the next one', async () => {
  const server = new FakeServer();
  server.also.sendGift = { balance: 4200 };
  const room = await entered(server);
  void room.life.give(rose, 1);
  await pass();
  expect(room.life.balance.value).toBe(4200);
  room.chat.me.value = { ...room.chat.me.value, user: 'bob' };
  await pass();
  expect([room.life.balance.value, room.life.given.value]).toEqual([null, null]);
  room.stop();
});

test('following somebody says why it was refused to who asked for it', async () => {
  const server = new FakeServer();
  const room = await entered(server);
  server.refuse.follow = { code: 10023, error: 'too_fast' };
  expect([await Promise.race([room.life.setFollow(true, 'bob'), pass()]), room.chat.remark.value]).toEqual(['err_fast', null]);
  void room.life.followAnchor(true);
  await pass();
  expect(room.chat.remark.value).toBe('err_fast');
  room.stop();
});

test('a ranking that can’t be had says why, and one that is known stays', async () => {
  const server = new FakeServer();
  const room = await entered(server);
  server.refuse.ranking = { code: 10007, error: 'not_offered' };
  const stop = room.life.followRanking('all');
  await pass();
  expect(room.life.ranking.value).toBe('err_not_offered');
  server.refuse = {};
  await pass(5000);
  server.refuse.ranking = { code: 10002, error: 'store_unavailable' };
  await pass(5000);
  expect(room.life.ranking.value).toMatchObject({ ranking: [] });
  stop();
  room.stop();
});
