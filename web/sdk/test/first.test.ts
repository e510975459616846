import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EVENT } from '../src/constants.ts';
import { FakeServer } from './fake-server.ts';
import { client, during, endAll, inRoom, pass, refused, text } from './helper.ts';

let server: FakeServer;
beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  server.users.set('alice', { nick: 'Alice', avatar: 'https://a/alice.png' });
});
afterEach(async () => {
  await endAll();
  vi.useRealTimers();
});

test('a guest joins, hears, and cannot send', async () => {
  server.say('demo', 'anna', 'before');
  const { chat, messages, of } = client(server);
  const joined = await during(chat.joinGroup({ groupID: 'demo' }));
  expect(joined).toEqual({ code: 0, data: { status: 'JoinedSuccess' } });
  expect((await during(chat.joinGroup({ groupID: 'demo' }))).data).toEqual({ status: 'AlreadyInGroup' });
  server.say('demo', 'anna', 'now');
  expect(messages().map((m) => [m.payload.text, m.isHistory, m.flow])).toEqual([['before', true, 'in'], ['now', false, 'in']]);
  expect((await refused(chat.sendMessage(chat.createTextMessage(text('me too'))))).code).toBe(2999);
  expect(of(EVENT.SDK_READY)).toEqual([]);
  expect((await refused(client(server).chat.joinGroup({ groupID: 'x', type: 'Public' }))).code).toBe(2662);
  expect((await during(chat.quitGroup('demo'))).data).toEqual({ groupID: 'demo' });
  await pass();
  expect(server.connections[0]?.isOpen).toBe(false); // nobody waits on an idle line
});

test('an own message is sent once, shown once, and comes to the others', async () => {
  const alice = await inRoom(server);
  const bob = await inRoom(server, 'bob');
  const message = alice.chat.createTextMessage(text('hello'));
  expect(message).toMatchObject({ status: 'unSend', flow: 'out', from: 'alice', nick: 'Alice', avatar: 'https://a/alice.png', conversationID: 'GROUPdemo', type: 'TIMTextElem', priority: 'Normal' });
  const sent = await during(alice.chat.sendMessage(message));
  expect(sent.data.message).toBe(message);
  expect(message).toMatchObject({ status: 'success', sequence: 1 });
  expect(alice.messages()).toEqual([]);
  expect(bob.messages()).toMatchObject([{ ID: message.ID, payload: { text: 'hello' }, nick: 'Alice', flow: 'in', sequence: 1 }]);
});

test('a custom message passes as it is', async () => {
  const alice = await inRoom(server);
  const bob = await inRoom(server, 'bob');
  const payload = { data: '{"a":1}', description: 'd', extension: 'e' };
  await during(alice.chat.sendMessage(alice.chat.createCustomMessage({ to: 'demo', conversationType: 'GROUP', payload, priority: 'High' })));
  expect(bob.messages()).toMatchObject([{ type: 'TIMCustomElem', payload, priority: 'High' }]);
});
