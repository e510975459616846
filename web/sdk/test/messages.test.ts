import { describe, expect, test } from 'vitest';
import { EVENT, TYPES } from '../src/constants.ts';
import type { Message } from '../src/types.ts';
import { client, during, inRoom, loggedIn, pass, refused, text, world, type Client } from './helper.ts';

const w = world();

const send = async (c: Client, message: Message): Promise<Message> => (await during(c.chat.sendMessage(message))).data.message;
const say = (c: Client, said: string) => send(c, c.chat.createTextMessage(text(said)));

describe('making messages', () => {
  test('every field is there, with the sender\'s own nick and avatar, before anything is sent', async () => {
    const { chat } = await inRoom(w.server);
    const message = chat.createTextMessage({ ...text('hello'), cloudCustomData: 'x' });
    expect(message).toMatchObject({
      type: 'TIMTextElem', payload: { text: 'hello' }, conversationID: 'GROUPdemo', conversationType: 'GROUP', to: 'demo', from: 'alice', flow: 'out',
      status: 'unSend', priority: 'Normal', nick: 'Alice', avatar: 'https://a/alice.png', nameCard: '', cloudCustomData: 'x', sequence: 0,
      isRevoked: false, isDeleted: false, isModified: false, isHistory: false, hasRiskContent: false, atUserList: [],
    });
    expect(message.time).toBe(Math.floor(Date.now() / 1000));
    expect(message.ID).toMatch(/^alice-\d+$/);
    expect(chat.createTextMessage(text('hello')).ID).not.toBe(message.ID);
  });

  test('payloads as Tencent has them; what is no string becomes one', async () => {
    const { chat } = await inRoom(w.server);
    const to = { to: 'demo', conversationType: TYPES.CONV_GROUP };
    expect(chat.createTextMessage({ ...to, payload: { text: 5 as never } }).payload).toEqual({ text: '5' });
    expect(chat.createCustomMessage({ ...to, payload: { data: 'like' } }).payload).toEqual({ data: 'like', description: '', extension: '' });
    expect(chat.createFaceMessage({ ...to, payload: { index: 3, data: 'smile' } }).payload).toEqual({ index: 3, data: 'smile' });
    expect(chat.createLocationMessage({ ...to, payload: { description: 'here', latitude: 1.5, longitude: -2 } }).payload).toEqual({ description: 'here', latitude: 1.5, longitude: -2 });
    expect(chat.createTextAtMessage({ ...to, payload: { text: 'hi', atUserList: ['bob', 5 as never] } })).toMatchObject({ payload: { text: 'hi' }, atUserList: ['bob'] });
    expect(chat.createForwardMessage({ ...to, payload: chat.createFaceMessage({ ...to, payload: { index: 1, data: 'a' } }) })).toMatchObject({ type: 'TIMFaceElem', payload: { index: 1, data: 'a' } });
    expect(() => chat.createTextMessage(undefined as never)).toThrow(expect.objectContaining({ code: 2100 }));
  });
});

describe('sending', () => {
  const to = { to: 'demo', conversationType: 'GROUP' };
  test.each<[string, (c: Client) => Message, object]>([
    ['text', ({ chat }) => chat.createTextMessage(text('hello')), { type: 'TIMTextElem', payload: { text: 'hello' } }],
    ['custom', ({ chat }) => chat.createCustomMessage({ ...to, payload: { data: '{"a":1}', description: 'd', extension: 'e' } }), { type: 'TIMCustomElem', payload: { data: '{"a":1}', description: 'd', extension: 'e' } }],
    ['face', ({ chat }) => chat.createFaceMessage({ ...to, payload: { index: 2, data: 'tt02' } }), { type: 'TIMFaceElem', payload: { index: 2, data: 'tt02' } }],
    ['location', ({ chat }) => chat.createLocationMessage({ ...to, payload: { description: 'x', latitude: 48.2, longitude: 16.3 } }), { type: 'TIMLocationElem', payload: { description: 'x', latitude: 48.2, longitude: 16.3 } }],
    ['forwarded', ({ chat }) => chat.createForwardMessage({ ...to, payload: chat.createTextMessage(text('again')) }), { type: 'TIMTextElem', payload: { text: 'again' } }],
  ])('a %s message comes to the others as it was, and not back', async (_, make, seen) => {
    const alice = await inRoom(w.server);
    const bob = await inRoom(w.server, 'bob');
    const message = make(alice);
    expect(await send(alice, message)).toBe(message);
    expect(message).toMatchObject({ status: 'success', sequence: 1 });
    expect(alice.messages()).toEqual([]);
    expect(bob.messages()).toMatchObject([{ ...seen, ID: message.ID, from: 'alice', nick: 'Alice', flow: 'in', sequence: 1, status: 'success', conversationID: 'GROUPdemo' }]);
    expect(bob.of(EVENT.MESSAGE_RECEIVED)[0]).toBeInstanceOf(Array);
  });

  test('a priority goes out as given; without one the server decides by type', async () => {
    const alice = await inRoom(w.server);
    for (const priority of ['High', 'Normal', 'Low', 'Lowest']) await send(alice, alice.chat.createTextMessage({ ...text('x'), priority }));
    await say(alice, 'x');
    expect(w.server.asked('send').map((f) => f.priority)).toEqual(['High', 'Normal', 'Low', 'Lowest', undefined]);
  });

  test('a message of several elements is sent and read whole', async () => {
    const alice = await inRoom(w.server);
    const bob = await inRoom(w.server, 'bob');
    const message = alice.chat.createTextMessage(text('look'));
    message.elements.push({ type: 'TIMFaceElem', payload: { index: 1, data: 'a' } });
    await send(alice, message);
    expect(bob.messages()[0]).toMatchObject({ type: 'TIMTextElem', payload: { text: 'look' }, elements: [{ type: 'TIMTextElem' }, { type: 'TIMFaceElem', payload: { index: 1, data: 'a' } }] });
  });

  test('the time and the sequence are the server\'s', async () => {
    const alice = await inRoom(w.server);
    w.server.say('demo', 'anna', 'first');
    expect(await say(alice, 'second')).toMatchObject({ sequence: 2, time: 1_790_000_002 });
  });

  test('what the limiter dropped looks sent, and is the own instance\'s alone', async () => {
    const alice = await inRoom(w.server);
    const bob = await inRoom(w.server, 'bob');
    w.server.say('demo', 'anna', 'first');
    w.server.limiterFull = true;
    expect(await say(alice, 'too many')).toMatchObject({ status: 'success', sequence: 1, nick: 'Alice' });
    expect(bob.texts()).toEqual(['first']);
    expect(alice.texts()).toEqual(['first']);
  });

  test('not in the room: 2101', async () => {
    const { chat } = await loggedIn(w.server);
    const message = chat.createTextMessage(text('hi'));
    expect(await refused(chat.sendMessage(message))).toMatchObject({ code: 2101, data: { message } });
    expect(message.status).toBe('fail');
  });

  test('nothing, a foreign object, a received message: 2105; an unknown conversation type: 2106; a merger: 2100', async () => {
    const alice = await inRoom(w.server);
    w.server.say('demo', 'anna', 'hers');
    for (const not of [undefined, {}, 'text', alice.messages()[0]]) expect((await refused(alice.chat.sendMessage(not as never))).code).toBe(2105);
    const odd = alice.chat.createTextMessage({ ...text('x'), conversationType: 'TOPIC' });
    expect((await refused(alice.chat.sendMessage(odd))).code).toBe(2106);
    expect((await refused(alice.chat.sendMessage(alice.chat.createMergerMessage({ ...to, payload: { messageList: [] } })))).code).toBe(2100);
    const some = alice.chat.createTextMessage({ ...text('x'), receiverList: ['bob'] });
    expect((await refused(alice.chat.sendMessage(some))).code).toBe(2905);
    expect(w.server.asked('send')).toEqual([]);
  });

  test.each([
    [10017, 'muted'], [80001, 'blocked'], [10023, 'too_many_messages'], [10010, 'no_such_group'], [120001, 'vetoed'],
  ])('refused with %i: status fail, the message in data, and resendMessage tries again', async (code, error) => {
    const alice = await inRoom(w.server);
    const bob = await inRoom(w.server, 'bob');
    w.server.refuse.send = { code, error };
    const message = alice.chat.createTextMessage(text('again'));
    const err = await refused(alice.chat.sendMessage(message));
    expect(err).toBeInstanceOf(Error);
    expect(err).toMatchObject({ code, message: 'refused by the test', data: { reason: error, message } });
    expect(message.status).toBe('fail');
    expect(alice.of(EVENT.ERROR)).toEqual([]); // a rejection is told once
    w.server.refuse = {};
    await during(alice.chat.resendMessage(message));
    expect(message).toMatchObject({ status: 'success', isResend: true });
    expect(bob.texts()).toEqual(['again']);
  });

  test('a message resent after its answer was lost is not said twice', async () => {
    const alice = await inRoom(w.server);
    const bob = await inRoom(w.server, 'bob');
    w.server.swallow.add('send');
    const message = alice.chat.createTextMessage(text('once'));
    expect((await refused(alice.chat.sendMessage(message), 16_000)).code).toBe(2801);
    expect(message.status).toBe('fail');
    w.server.swallow.clear();
    await during(alice.chat.resendMessage(message));
    expect(message).toMatchObject({ status: 'success', sequence: 1 });
    expect(bob.texts()).toEqual(['once']);
    expect(alice.texts()).toEqual([]);
  });

  test('one that is still under way at the server is asked for again until it is done', async () => {
    const alice = await inRoom(w.server);
    let tries = 0;
    w.server.refuse.send = () => (++tries < 3 ? { code: 10002, error: 'send_in_flight', temporary: true } : null);
    expect(await during(alice.chat.sendMessage(alice.chat.createTextMessage(text('x'))), 1000)).toMatchObject({ data: { message: { status: 'success' } } });
    expect(tries).toBe(3);
  });

  test('a message too large for the server is refused here and costs nobody the line', async () => {
    const alice = await inRoom(w.server);
    const other = say(alice, 'small');
    expect((await refused(alice.chat.sendMessage(alice.chat.createTextMessage(text('语'.repeat(6000)))))).code).toBe(80002);
    expect((await refused(alice.chat.sendMessage(alice.chat.createTextMessage(text('😀'.repeat(4200)))))).code).toBe(80002);
    expect((await other).status).toBe('success');
    expect(w.server.connections).toHaveLength(1);
    expect((await say(alice, '语'.repeat(5000))).status).toBe('success');
  });

  test('made before login, a message is the user\'s who sends it', async () => {
    const { chat } = client(w.server);
    const message = chat.createTextMessage(text('early'));
    expect(message.from).toBe('');
    await during(chat.login({ userID: 'alice', userSig: 's' }));
    await during(chat.joinGroup({ groupID: 'demo' }));
    await during(chat.sendMessage(message));
    expect(message).toMatchObject({ from: 'alice', nick: 'Alice', status: 'success' });
    expect(message.ID).toMatch(/^alice-/);
  });

  test('a framework\'s copy of a message can be sent', async () => {
    const alice = await inRoom(w.server);
    const bob = await inRoom(w.server, 'bob');
    const copy = new Proxy(alice.chat.createTextMessage({ ...text('wrapped'), priority: 'High' }), {});
    expect((await send(alice, copy)).status).toBe('success');
    expect(bob.messages()).toMatchObject([{ payload: { text: 'wrapped' }, priority: 'High' }]);
    expect(alice.messages()).toEqual([]);
  });

  test('40 at once are sent at the pace the server takes, in order', async () => {
    const alice = await inRoom(w.server);
    const bob = await inRoom(w.server, 'bob');
    const sent = Array.from({ length: 40 }, (_, i) => alice.chat.sendMessage(alice.chat.createTextMessage(text(String(i)))));
    await pass(20);
    expect(w.server.asked('send').length).toBeLessThanOrEqual(30);
    await during(Promise.all(sent), 3000);
    expect(bob.texts()).toEqual(sent.map((_, i) => String(i)));
  });

  test('local words are refused before they are sent: 3123', async () => {
    const alice = await inRoom(w.server, 'alice', { localWords: ['badword'] });
    const message = alice.chat.createTextMessage(text('a B A D w\u200Bord!'));
    expect(await refused(alice.chat.sendMessage(message))).toMatchObject({ code: 3123, data: { message } });
    expect(w.server.asked('send')).toEqual([]);
    alice.chat.setLocalWords([]);
    expect((await say(alice, 'badword')).status).toBe('success');
  });
});

describe('own messages come back to nobody here', () => {
  test('the copy before the answer', async () => {
    const alice = await inRoom(w.server);
    await say(alice, 'mine');
    expect(alice.messages()).toEqual([]);
  });

  test('the copy after the answer', async () => {
    const alice = await inRoom(w.server);
    w.server.refuse.send = { code: 0, time: 1_790_000_001, seq: 1, error: undefined, detail: undefined };
    const message = await say(alice, 'mine');
    w.server.say('demo', 'alice', 'mine', { random: message.random });
    expect(alice.messages()).toEqual([]);
    w.server.say('demo', 'anna', 'hers');
    expect(alice.texts()).toEqual(['hers']);
    expect(alice.of(EVENT.LIVEROOM_GAP)).toEqual([]);
  });

  test('the copy after a reconnect, when the line fell before the answer', async () => {
    const alice = await inRoom(w.server);
    const bob = await inRoom(w.server, 'bob');
    w.server.swallow.add('send');
    const sending = alice.chat.sendMessage(alice.chat.createTextMessage(text('mine')));
    await pass(1);
    w.server.swallow.clear();
    w.server.line('alice').fall();
    expect((await during(sending, 3000)).data.message).toMatchObject({ status: 'success', sequence: 1 });
    expect(alice.messages()).toEqual([]);
    expect(bob.texts()).toEqual(['mine']);
  });

  test('one that was never seen by the server is sent on the next line', async () => {
    const alice = await inRoom(w.server);
    const bob = await inRoom(w.server, 'bob');
    w.server.line('alice').fall();
    const sending = alice.chat.sendMessage(alice.chat.createTextMessage(text('late')));
    await during(sending, 3000);
    expect(bob.texts()).toEqual(['late']);
    expect(alice.messages()).toEqual([]);
  });

  test('a copy that comes after all was given up says that it was delivered', async () => {
    const alice = await inRoom(w.server);
    w.server.refuse.send = () => ({ code: 10002, error: 'timeout', temporary: true });
    const message = alice.chat.createTextMessage(text('mine'));
    await refused(alice.chat.sendMessage(message));
    expect(message.status).toBe('fail');
    w.server.say('demo', 'alice', 'mine', { random: message.random });
    expect(message).toMatchObject({ status: 'success', sequence: 1 });
    expect(alice.messages()).toEqual([]);
  });

  test('another instance of the same user gets them, as sent', async () => {
    const here = await inRoom(w.server);
    const there = await inRoom(w.server);
    await say(here, 'mine');
    expect(here.messages()).toEqual([]);
    expect(there.messages()).toMatchObject([{ flow: 'out', from: 'alice', payload: { text: 'mine' } }]);
  });

  test('a stranger\'s message with the same random number is his', async () => {
    const alice = await inRoom(w.server);
    const message = await say(alice, 'mine');
    w.server.say('demo', 'bob', 'his', { random: message.random });
    expect(alice.texts()).toEqual(['his']);
  });
});

describe('replaced words', () => {
  test('the server\'s text is shown: MESSAGE_MODIFIED once, whether copy or answer comes first', async () => {
    const alice = await inRoom(w.server);
    const bob = await inRoom(w.server, 'bob');
    w.server.rewrite = (body) => (body[0].MsgContent.Text = '***', body);
    const message = await say(alice, 'bad');
    expect(message).toMatchObject({ payload: { text: '***' }, isModified: true, status: 'success' });
    expect(alice.of(EVENT.MESSAGE_MODIFIED)).toEqual([[message]]);
    expect(bob.texts()).toEqual(['***']);
    expect(bob.of(EVENT.MESSAGE_MODIFIED)).toEqual([]);
  });

  test('the custom data too, with or without the text', async () => {
    const alice = await inRoom(w.server);
    w.server.also.send = { cloudCustomData: '{"vip":1}' };
    const message = await say(alice, 'hi');
    expect(message).toMatchObject({ payload: { text: 'hi' }, cloudCustomData: '{"vip":1}', isModified: true });
    w.server.also.send = { cloudCustomData: 'x', body: [{ MsgType: 'TIMCustomElem', MsgContent: { Data: 'd' } }] };
    const other = await say(alice, 'ho');
    expect(other).toMatchObject({ type: TYPES.MSG_CUSTOM, payload: { data: 'd' }, cloudCustomData: 'x', isModified: true });
    expect(alice.of(EVENT.MESSAGE_MODIFIED)).toEqual([[message], [other]]);
  });

  test('in the answer alone, the copy having been dropped', async () => {
    const alice = await inRoom(w.server);
    w.server.limiterFull = true;
    w.server.also.send = { body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: '***' } }] };
    const message = await say(alice, 'bad');
    expect(message).toMatchObject({ payload: { text: '***' }, isModified: true });
    expect(alice.of(EVENT.MESSAGE_MODIFIED)).toEqual([[message]]);
  });

  test('what comes back with other spelling of the same is no change', async () => {
    const alice = await inRoom(w.server);
    w.server.rewrite = (body) => [{ MsgContent: { ...body[0].MsgContent, Extra: 1 }, MsgType: 'TIMTextElem' }];
    expect((await say(alice, 'good')).isModified).toBe(false);
    expect(alice.of(EVENT.MESSAGE_MODIFIED)).toEqual([]);
  });
});

describe('taking back', () => {
  test('revokeMessage: revoked here and for the others', async () => {
    const alice = await inRoom(w.server);
    const bob = await inRoom(w.server, 'bob');
    const message = await say(alice, 'oops');
    expect((await during(alice.chat.revokeMessage(message))).data.message).toBe(message);
    expect(message).toMatchObject({ isRevoked: true, revoker: 'alice', revokerInfo: { userID: 'alice', nick: 'Alice' } });
    expect(w.server.asked('recall')).toEqual([expect.objectContaining({ group: 'demo', seq: 1 })]);
    w.server.event('demo', 'recalled', { messages: [{ seq: 1, from: 'alice' }], by: 'alice', reason: '' });
    expect(bob.of(EVENT.MESSAGE_REVOKED)).toEqual([[bob.messages()[0]]]);
    expect(bob.messages()[0]).toMatchObject({ isRevoked: true, revoker: 'alice' });
  });

  test('what the limiter dropped is nobody else\'s: revoking takes no other message', async () => {
    const alice = await inRoom(w.server);
    w.server.say('demo', 'anna', 'hers');
    w.server.limiterFull = true;
    const message = await say(alice, 'dropped');
    await during(alice.chat.revokeMessage(message));
    expect(message.isRevoked).toBe(true);
    expect(w.server.asked('recall')).toEqual([expect.not.objectContaining({ seq: expect.anything() })]);
  });

  test.each([0, 1])('in a delayed room, with %i said before, one that nobody has yet is taken back by its random', async (before) => {
    const alice = await inRoom(w.server);
    const bob = await inRoom(w.server, 'bob');
    if (before) w.server.say('demo', 'anna', 'hers');
    w.server.holds = true;
    const message = await say(alice, 'oops');
    await say(alice, 'fine');
    await during(alice.chat.revokeMessage(message));
    expect(message).toMatchObject({ isRevoked: true, revoker: 'alice' });
    expect(w.server.asked('recall')).toEqual([expect.objectContaining({ group: 'demo', random: message.random })]);
    w.server.letGo();
    expect(bob.texts().slice(before)).toEqual(['fine']);
  });

  test('in a delayed room, what the server refuses to take back is not revoked', async () => {
    const alice = await inRoom(w.server);
    w.server.holds = true;
    const message = await say(alice, 'oops');
    w.server.refuse.recall = { code: 10002, error: 'store_unavailable' };
    expect((await refused(alice.chat.revokeMessage(message))).code).toBe(10002);
    expect(message.isRevoked).toBe(false);
  });

  test('refusals keep the server\'s number; what cannot be recalled is 2110, no message 2105', async () => {
    const alice = await inRoom(w.server);
    const message = await say(alice, 'x');
    w.server.refuse.recall = { code: 10031, error: 'recall_too_late' };
    expect((await refused(alice.chat.revokeMessage(message))).code).toBe(10031);
    expect(message.isRevoked).toBe(false);
    expect((await refused(alice.chat.revokeMessage(alice.chat.createTextMessage(text('unsent'))))).code).toBe(2110);
    expect((await refused(alice.chat.revokeMessage(undefined as never))).code).toBe(2105);
  });

  test('one recalled that this instance never saw is named by its sequence', async () => {
    const { of } = await inRoom(w.server);
    w.server.event('demo', 'recalled', { messages: [{ seq: 900, from: 'bob' }], by: 'anna', reason: 'spam' });
    expect(of(EVENT.MESSAGE_REVOKED)[0]).toMatchObject([{ sequence: 900, from: 'bob', isRevoked: true, conversationID: 'GROUPdemo', revokeReason: 'spam' }]);
  });

  test('a review that blocks: MESSAGE_MODIFIED with hasRiskContent on the message the page has', async () => {
    const bob = await inRoom(w.server, 'bob');
    w.server.say('demo', 'mallory', 'risky');
    w.server.event('demo', 'modified', { messages: [{ seq: 1, from: 'mallory', hasRiskContent: true }], reason: 'review' });
    expect(bob.of(EVENT.MESSAGE_MODIFIED)).toEqual([[bob.messages()[0]]]);
    expect(bob.messages()[0]).toMatchObject({ hasRiskContent: true, isModified: true });
  });

  test('in history withdrawn messages are marked', async () => {
    w.server.say('demo', 'bob', [], { withdrawn: 'recalled' });
    w.server.say('demo', 'bob', [], { withdrawn: 'blocked' });
    const { messages } = await inRoom(w.server);
    expect(messages()).toMatchObject([{ isRevoked: true, hasRiskContent: false, payload: { text: '' } }, { isRevoked: false, hasRiskContent: true }]);
  });
});

describe('receiving', () => {
  test('a message to all groups says so', async () => {
    w.server.say('demo', 'anna', 'here');
    w.server.say('demo', 'administrator', 'everywhere', { broadcast: true });
    const { messages } = await inRoom(w.server);
    expect(messages().map((m: Message) => [m.payload.text, m.isBroadcastMessage])).toEqual([['here', false], ['everywhere', true]]);
  });

  test('history comes first, oldest first, marked; then what is said', async () => {
    w.server.say('demo', 'anna', 'one');
    w.server.say('demo', 'alice', 'two, mine, earlier');
    const { of, chat, messages } = await loggedIn(w.server);
    const order: string[] = [];
    chat.on(EVENT.MESSAGE_RECEIVED, ({ data }) => order.push(...data.map((m: Message) => m.payload.text)));
    const join = chat.joinGroup({ groupID: 'demo' }).then(() => order.push('joined'));
    await pass(0);
    w.server.say('demo', 'anna', 'three');
    await during(join);
    expect(order).toEqual(['joined', 'one', 'two, mine, earlier', 'three']);
    expect(of(EVENT.MESSAGE_RECEIVED)).toHaveLength(2);
    expect(messages().map((m) => [m.isHistory, m.flow])).toEqual([[true, 'in'], [true, 'out'], [false, 'in']]);
  });

  test('a batch is one event, sorted by sequence', async () => {
    const { of, texts } = await inRoom(w.server);
    const item = (seq: number) => ({ type: 'message', seq, time: 1, from: 'bob', random: seq, body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: String(seq) } }] });
    w.server.batch('demo', item(2), item(1), item(3));
    expect(of(EVENT.MESSAGE_RECEIVED)).toHaveLength(1);
    expect(texts()).toEqual(['1', '2', '3']);
  });

  test('nothing is shown twice: same sequence, same ID without sequence', async () => {
    const { texts } = await inRoom(w.server);
    const said = w.server.say('demo', 'bob', 'once');
    w.server.batch('demo', said);
    w.server.batch('demo', { ...said, seq: 0 });
    expect(texts()).toEqual(['once']);
  });

  test('two messages by REST with one random number are two', async () => {
    const { messages } = await inRoom(w.server);
    w.server.say('demo', 'shop', 'a', { random: 5 });
    w.server.say('demo', 'shop', 'b', { random: 5 });
    w.server.say('demo', 'shop', 'c', { random: 0 });
    w.server.say('demo', 'shop', 'd', { random: 0 });
    expect(messages().map((m) => m.payload.text)).toEqual(['a', 'b', 'c', 'd']);
    expect(new Set(messages().map((m) => m.ID)).size).toBe(4);
  });

  test('a hole in the sequence is told before what follows it', async () => {
    const { events } = await inRoom(w.server);
    const item = (seq: number, said: string) => ({ type: 'message', seq, time: 1, from: 'bob', random: seq, body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: said } }] });
    w.server.batch('demo', item(1, 'one'), item(5, 'five')); // a slow consumer's loss
    const told = events.filter((e) => [EVENT.MESSAGE_RECEIVED, EVENT.LIVEROOM_GAP].includes(e.name as never)).map((e) => e.data[0]?.payload.text ?? e.data);
    expect(told).toEqual(['one', { groupID: 'demo', complete: false, from: 2, to: 4 }, 'five']);
  });

  test('an element of a kind from the future keeps its content', async () => {
    const { messages } = await inRoom(w.server);
    w.server.say('demo', 'bob', [{ MsgType: 'TIMHologramElem', MsgContent: { Depth: 3 } }]);
    expect(messages()).toMatchObject([{ type: 'TIMHologramElem', payload: { Depth: 3 } }]);
  });

  test('garbage from the line harms nothing', async () => {
    const { texts } = await inRoom(w.server);
    const line = w.server.last();
    for (const raw of ['', '{', 'null', '[]', '5', '{"push":"batch"}', '{"push":"new thing"}', '{"reply":99,"code":0}', '{"push":"batch","group":"demo","items":[null,5,{"type":"message"},{"type":"x"},{"type":"event"},{"type":"message","seq":"x","from":"b","body":[5,{"MsgType":1}]}]}', new ArrayBuffer(2)]) line.raw(raw);
    w.server.say('demo', 'bob', 'fine');
    expect(texts().at(-1)).toBe('fine');
  });
});

describe('between two users', () => {
  const c2c = (more: object = {}) => ({ push: 'c2c', message: { from: 'bob', to: 'alice', nick: 'Bob', time: 1_790_000_000, random: 9, body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: 'psst' } }], ...more } });

  test('a message comes as C2C, once', async () => {
    const { messages } = await loggedIn(w.server);
    w.server.last().push(c2c());
    w.server.last().push(c2c());
    expect(messages()).toMatchObject([{ conversationType: 'C2C', conversationID: 'C2Cbob', from: 'bob', to: 'alice', nick: 'Bob', flow: 'in', payload: { text: 'psst' } }]);
  });

  test('what the server made of it is told to its sender', async () => {
    const alice = await loggedIn(w.server);
    w.server.also.sendC2C = { body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: '***' } }], cloudCustomData: 'x' };
    const message = await send(alice, alice.chat.createTextMessage({ to: 'bob', conversationType: TYPES.CONV_C2C, payload: { text: 'bad' } }));
    expect(message).toMatchObject({ payload: { text: '***' }, cloudCustomData: 'x', isModified: true, status: 'success' });
    expect(alice.of(EVENT.MESSAGE_MODIFIED)).toEqual([[message]]);
  });

  test('two without random number are two, and so are two of one number at two times', async () => {
    const { messages } = await loggedIn(w.server);
    for (const more of [{ random: 0 }, { random: 0 }, { random: 1 }, { random: 1, time: 1_790_000_001 }, { random: 1, time: 1_790_000_001 }]) w.server.last().push(c2c(more));
    expect(messages()).toHaveLength(4);
    expect(new Set(messages().map((m) => m.ID)).size).toBe(4);
  });

  test('sending needs no room; the own copy is not shown, another instance\'s is', async () => {
    const { chat, messages } = await loggedIn(w.server);
    const message = chat.createCustomMessage({ to: 'bob', conversationType: TYPES.CONV_C2C, payload: { data: 'exit' } });
    expect(message.conversationID).toBe('C2Cbob');
    await during(chat.sendMessage(message));
    expect(w.server.asked('sendC2C')).toEqual([expect.objectContaining({ user: 'bob', random: message.random, body: [{ MsgType: 'TIMCustomElem', MsgContent: { Data: 'exit', Desc: '', Ext: '' } }] })]);
    expect(message.status).toBe('success');
    w.server.last().push(c2c({ from: 'alice', to: 'bob', random: message.random }));
    expect(messages()).toEqual([]);
    w.server.last().push(c2c({ from: 'alice', to: 'bob', random: message.random + 1 }));
    expect(messages()).toMatchObject([{ flow: 'out', conversationID: 'C2Cbob' }]);
  });

  test.each([[20003], [20006], [20007], [20012]])('refused with %i', async (code) => {
    const { chat } = await loggedIn(w.server);
    w.server.refuse.sendC2C = { code };
    const message = chat.createTextMessage({ to: 'bob', conversationType: 'C2C', payload: { text: 'x' } });
    expect(await refused(chat.sendMessage(message))).toMatchObject({ code, data: { message: { status: 'fail' } } });
  });

  test('to nobody: 2503; recalling one: 2110', async () => {
    const { chat } = await loggedIn(w.server);
    expect((await refused(chat.sendMessage(chat.createTextMessage({ to: '', conversationType: 'C2C', payload: { text: 'x' } })))).code).toBe(2503);
    const message = chat.createTextMessage({ to: 'bob', conversationType: 'C2C', payload: { text: 'x' } });
    await during(chat.sendMessage(message));
    expect((await refused(chat.revokeMessage(message))).code).toBe(2110);
  });
});
