import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { EVENT } from '../../src/constants.ts';
import { Liveroom, refused } from './liveroom.ts';

let server: Liveroom;
beforeAll(async () => {
  server = await Liveroom.start();
  for (const id of ['one', 'two']) await server.room(id);
});
afterAll(() => server?.stop());

const soon = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 20 });
const on = (user: string, platform: string) => server.user(user, {}, { platform });

test('a second page in another room takes the first one out; an app may be in both', async () => {
  const desk = await server.member('vera', 'one');
  const app = await on('vera', 'iOS');
  await app.chat.joinGroup({ groupID: 'one' });
  const phone = await on('vera', 'MiniProgram');
  await phone.chat.joinGroup({ groupID: 'two' });
  await soon(() => expect(desk.of(EVENT.LIVEROOM_LEFT)).toMatchObject([{ groupID: 'one', reason: 'joined_elsewhere' }]));
  expect(desk.chat.isReady()).toBe(true);
  expect((await refused(desk.say('hello?', 'one'))).code).toBe(2101);
  await app.say('still here', 'one');
  expect([app.of(EVENT.LIVEROOM_LEFT), phone.of(EVENT.LIVEROOM_LEFT)]).toEqual([[], []]);
});

test('a page that comes back after its user went elsewhere stays out, and keeps nobody from where he is', async () => {
  const desk = await server.member('wim', 'one');
  desk.network.cut();
  const phone = await server.member('wim', 'two');
  await soon(() => expect(desk.of(EVENT.LIVEROOM_LEFT)).toMatchObject([{ groupID: 'one', reason: 'joined_elsewhere' }]));
  await phone.say('here', 'two');
  expect(phone.of(EVENT.LIVEROOM_LEFT)).toEqual([]);
});

test('quitting on a page takes the app along, not the other way round', async () => {
  const page = await server.member('otto', 'one');
  const app = await on('otto', 'Android');
  await app.chat.joinGroup({ groupID: 'one' });
  await app.chat.quitGroup('one');
  await page.say('alone', 'one');
  await app.chat.joinGroup({ groupID: 'one' });
  await page.chat.quitGroup('one');
  await soon(() => expect(app.of(EVENT.LIVEROOM_LEFT)).toMatchObject([{ groupID: 'one', reason: 'left_elsewhere' }]));
});

test('an owner cannot quit, but look around', async () => {
  const desk = await server.member('anna', 'one');
  expect((await refused(desk.chat.quitGroup('one'))).code).toBe(10009);
  const phone = await server.member('anna', 'one');
  await phone.chat.joinGroup({ groupID: 'two' });
  await desk.say('I look after you', 'one');
  expect([desk.of(EVENT.LIVEROOM_LEFT), phone.of(EVENT.LIVEROOM_LEFT)]).toEqual([[], []]);
});

test('a message to a user comes to his devices and the other ones of the sender', async () => {
  const [page, app] = [await server.user('carl'), await on('carl', 'iPad')];
  const mine = await server.user('dora');
  const other = await server.user('dora');
  const message = mine.chat.createCustomMessage({ to: 'carl', conversationType: 'C2C', payload: { data: '{"do":"exit"}' } });
  await mine.chat.sendMessage(message);
  for (const c of [page, app, other]) {
    await soon(() => expect(c.messages()).toMatchObject([{ ID: message.ID, from: 'dora', to: 'carl', conversationType: 'C2C', payload: { data: '{"do":"exit"}' }, time: message.time }]));
  }
  expect([page.messages()[0]?.conversationID, other.messages()[0]?.flow, mine.messages()]).toEqual(['C2Cdora', 'out', []]);
  const lost = mine.chat.createTextMessage({ to: 'nobody-ever', conversationType: 'C2C', payload: { text: 'hi' } });
  expect((await refused(mine.chat.sendMessage(lost))).code).toBe(20003);
});

test('a login ends with its UserSig, and by an administrator', async () => {
  const short = server.client();
  await short.login('erik', '2s');
  const kicked = await server.user('fred');
  await server.api('POST', '/accounts/fred/kick');
  await soon(() => expect(kicked.of(EVENT.KICKED_OUT)).toEqual([{ type: 'REST_API_Kick' }]));
  await soon(() => expect(short.of(EVENT.KICKED_OUT)).toEqual([{ type: 'userSigExpired' }]));
  expect([short.chat.isReady(), kicked.chat.isReady()]).toEqual([false, false]);
});
