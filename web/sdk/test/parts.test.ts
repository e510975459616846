import { describe, expect, test } from 'vitest';
import { Backoff } from '../src/backoff.ts';
import { EVENT, TYPES } from '../src/constants.ts';
import { servedFrom } from '../src/dom.ts';
import { chatURL } from '../src/environment.ts';
import { TencentCloudChat } from '../src/namespace.ts';
import { readBody, sameBody, writeElement } from '../src/payload.ts';
import { liveStatus, newerStatus } from '../src/status.ts';
import { parseFrame, seconds } from '../src/wire.ts';
import { LocalWords } from '../src/words.ts';
import { client, codes, during, inRoom, loggedIn, text, world } from './helper.ts';

describe('payloads, to the wire and back', () => {
  const picture = (type: number, url: string) => ({ type, size: 5, width: 6, height: 7, url, imageUrl: url });
  test.each<[string, object]>([
    [TYPES.MSG_TEXT, { text: 'hi' }], [TYPES.MSG_CUSTOM, { data: '{}', description: 'd', extension: 'e' }], [TYPES.MSG_FACE, { index: 3, data: 'x' }],
    [TYPES.MSG_LOCATION, { description: 'd', latitude: 1.5, longitude: -3.25 }],
    [TYPES.MSG_IMAGE, { uuid: 'u', imageFormat: 1, imageInfoArray: [picture(0, 'o'), picture(1, 's'), picture(2, 'l')] }],
    [TYPES.MSG_SOUND, { uuid: 'u', url: 'a', size: 5, second: 6 }],
    [TYPES.MSG_VIDEO, { videoUUID: 'u', videoUrl: 'v', remoteVideoUrl: 'v', videoSize: 1, videoSecond: 2, videoFormat: 'mp4', snapshotUrl: 's', thumbUrl: 's', thumbUUID: 't', snapshotSize: 3, snapshotWidth: 4, snapshotHeight: 5 }],
    [TYPES.MSG_FILE, { uuid: 'u', fileName: 'n', fileUrl: 'f', fileSize: 5 }],
  ])('%s', (type, payload) => {
    const element = writeElement(type, payload);
    expect(element?.MsgType).toBe(type);
    expect(readBody([element as never])).toEqual([{ type, payload }]);
  });

  test('sizes of a picture have other numbers on the wire; one given stands for all three', () => {
    const sent = writeElement(TYPES.MSG_IMAGE, { imageInfoArray: [picture(0, 'o'), picture(1, 's'), picture(2, 'l')] });
    expect((sent?.MsgContent.ImageInfoArray as { Type: number; URL: string }[]).map((i) => [i.Type, i.URL])).toEqual([[1, 'o'], [3, 's'], [2, 'l']]);
    const [read] = readBody([{ MsgType: TYPES.MSG_IMAGE, MsgContent: { ImageInfoArray: [{ Type: 1, URL: 'only' }] } }]);
    expect((read?.payload as { imageInfoArray: { type: number; url: string }[] }).imageInfoArray.map((i) => [i.type, i.url])).toEqual([[0, 'only'], [1, 'only'], [2, 'only']]);
  });

  test('what is missing or of another kind is at rest, what cannot be sent is null', () => {
    expect(readBody([{ MsgType: TYPES.MSG_TEXT, MsgContent: { Text: 5 } }, { MsgType: TYPES.MSG_FACE, MsgContent: {} }])).toMatchObject([{ payload: { text: '' } }, { payload: { index: 0, data: '' } }]);
    expect(readBody([{ MsgType: TYPES.MSG_MERGER, MsgContent: { Title: 't', AbstractList: ['a', 5] } }])).toMatchObject([{ payload: { title: 't', abstractList: ['a'], messageList: [] } }]);
    expect([writeElement(TYPES.MSG_MERGER, {}), writeElement('x', {}), writeElement(TYPES.MSG_TEXT, null)]).toEqual([null, null, null]);
    expect(sameBody([{ MsgType: TYPES.MSG_TEXT, MsgContent: { Text: 'a' } }], [{ MsgType: TYPES.MSG_TEXT, MsgContent: { Text: 'a', Other: 1 } }])).toBe(true);
  });
});

describe('constants', () => {
  test('the strings that pages compare with', () => {
    expect([EVENT.SDK_READY, EVENT.MESSAGE_RECEIVED, EVENT.GROUP_ATTRIBUTES_UPDATED, EVENT.GROUP_COUNTER_UPDATED, EVENT.KICKED_OUT, EVENT.NET_STATE_CHANGE, EVENT.ERROR]).toEqual(
      ['sdkStateReady', 'onMessageReceived', 'groupAttributesUpdated', 'onGroupCounterUpdated', 'kickedOut', 'netStateChange', 'error'],
    );
    expect([TYPES.MSG_SOUND, TYPES.MSG_AUDIO, TYPES.MSG_GEO, TYPES.GRP_CHATROOM, TYPES.GRP_WORK, TYPES.MSG_AT_ALL, TYPES.KICKED_OUT_REST_API, TYPES.CONV_SYSTEM, TYPES.GRP_TIP_BAN_AVCHATROOM_MEMBER]).toEqual(
      ['TIMSoundElem', 'TIMSoundElem', 'TIMLocationElem', 'ChatRoom', 'Private', '__kImSDK_MesssageAtALL__', 'REST_API_Kick', '@TIM#SYSTEM', 10],
    );
  });

  test('the namespace as Tencent\'s packages have it', () => {
    expect(TencentCloudChat).toMatchObject({ EVENT, TYPES, VERSION: expect.stringMatching(/^\d+\.\d+\.\d+$/), create: expect.any(Function) });
  });
});

describe('words', () => {
  const words = new LocalWords(['Bad Word', '违禁', 'ａｂｃ', '', '  ']);
  test.each([
    ['a bad word here', true], ['BADWORD', true], ['b​a‍d w\u00ADord', true], ['b.a.d', false], ['这是违禁品', true], ['违 禁', true], ['ABC', true], ['good', false], ['', false],
  ])('%s: %s', (said, found) => expect(words.find(said) !== '').toBe(found));
});

describe('small parts', () => {
  test('waits double up to their cap, anywhere below it', () => {
    const most = new Backoff(() => 1);
    expect(Array.from({ length: 8 }, () => most.next())).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000]);
    expect(most.attempts).toBe(8);
    most.reset();
    expect(most.next()).toBe(500);
    expect(new Backoff(() => 0).next()).toBe(0);
  });

  test('where this script came from', () => {
    expect(servedFrom('https://live.example/sdk/liveroom.global.js')).toBe('https://live.example');
    expect(servedFrom('https://live.example:8443/base/sdk/liveroom.js?v=2')).toBe('https://live.example:8443/base');
    expect(servedFrom('https://cdn.example/npm/liveroom.js')).toBe('');
    expect(servedFrom('')).toBe('');
  });

  test('where the server is', () => {
    expect(chatURL('live.example', true)).toBe('wss://live.example/chat');
    expect(chatURL('live.example', false)).toBe('ws://live.example/chat');
    expect(chatURL(' HTTP://live.example/chat/ ', true)).toBe('ws://live.example/chat');
  });

  test('times in seconds, milliseconds and text', () => {
    expect([seconds(1_790_000_000), seconds(1_790_000_000_123), seconds('1790000000'), seconds('2026-09-21T14:13:20Z'), seconds('soon'), seconds(null)]).toEqual([1_790_000_000, 1_790_000_000, 1_790_000_000, 1_790_000_000, 0, 0]);
  });

  test('a frame of another shape is none', () => {
    for (const raw of ['', '{', '5', 'null', '[]', '{}', '{"push":5}', '{"reply":"1","code":0}', '{"push":"c2c"}', '{"push":"c2c","message":{}}', undefined]) expect(parseFrame(raw)).toBeNull();
    expect(parseFrame('{"push":"close","reason":"x"}')).toEqual({ push: { push: 'close', reason: 'x', type: '', detail: '', reconnect: true, afterMs: 0 } });
  });

  test('the live status in a message, a group, attributes, or itself', () => {
    const record = { room: 'r', epoch: 'E', version: 3, code: 2, name: 'ignored' };
    const json = JSON.stringify(record);
    const found = { version: 3, code: 2, name: 'live', graceUntil: null };
    const message = { payload: { data: JSON.stringify({ type: 'live_status', ...record }) }, from: 'administrator', type: 'TIMCustomElem', conversationType: 'GROUP' };
    expect([liveStatus(message), liveStatus({ live_status: json }), liveStatus(json), liveStatus(record), liveStatus({ groupCustomField: [{ key: 'live_status', value: json }] })]).toMatchObject([found, found, found, found, found]);
    expect([liveStatus({ ...message, from: 'mallory' }), liveStatus({ ...message, conversationType: 'C2C' }), liveStatus(null), liveStatus('x'), liveStatus({ ...record, code: 9 }), liveStatus({ ...record, version: 1.5 })]).toEqual([null, null, null, null, null, null]);
    expect([liveStatus(record)?.delay, liveStatus({ ...record, delay: '30s' })?.delay, liveStatus({ ...record, delay: 90 })?.delay, liveStatus({ ...record, delay: 'soon' })?.delay]).toEqual([0, 30, 90, 0]);
    const at = (epoch: string, version: number) => ({ ...liveStatus(record), epoch, version }) as never;
    expect([newerStatus(null, at('A', 1)), newerStatus(at('A', 1), at('A', 2)), newerStatus(at('A', 2), at('A', 2)), newerStatus(at('A', 9), at('B', 1)), newerStatus(at('B', 1), at('A', 9))]).toEqual([true, true, false, true, false]);
  });
});

describe('what a live room does not have', () => {
  const w = world();

  test('looking finds nothing, and the page goes on', async () => {
    const { chat } = await inRoom(w.server);
    expect((await during(chat.getMessageList({ conversationID: 'GROUPdemo' }))).data).toEqual({ messageList: [], nextReqMessageID: '', isCompleted: true });
    expect((await during(chat.getMessageListHopping({}))).data.messageList).toEqual([]);
    expect((await during(chat.getConversationList())).data).toMatchObject({ conversationList: [] });
    expect((await during(chat.getFriendList())).data).toEqual([]);
    expect((await during(chat.setMessageRead({ conversationID: 'GROUPdemo' }))).code).toBe(0);
    expect(chat.getTotalUnreadMessageCount()).toBe(0);
  });

  test('changing is refused with Tencent\'s number', async () => {
    const { chat } = await inRoom(w.server);
    expect(await codes([
      chat.modifyMessage({}), chat.deleteMessage([]), chat.changeGroupOwner({}), chat.addGroupMember({}), chat.setGroupMemberNameCard({}), chat.markGroupMemberList({}),
      chat.addFriend({}), chat.createTopicInCommunity({}), chat.pinGroupMessage({}),
    ])).toEqual([2481, 10035, 2620, 2661, 2687, 3122, 2998, 2998, 2998]);
  });

  test('Tencent\'s other habits: a plugin, a log level, options that mean nothing here', async () => {
    const said: string[] = [];
    const { chat } = await loggedIn(w.server, 'alice', { oversea: true, scene: 'x' }, { log: (level, line) => void said.push(`${level} ${line}`) });
    chat.registerPlugin({ 'tim-upload-plugin': class {} });
    chat.on(EVENT.MESSAGE_RECEIVED, () => { throw new Error('bad page'); });
    await during(chat.joinGroup({ groupID: 'demo' }));
    w.server.say('demo', 'bob', 'hi');
    expect(said).toEqual(['3 a handler of onMessageReceived failed']);
    chat.setLogLevel(4);
    w.server.say('demo', 'bob', 'hi');
    expect(said).toHaveLength(1);
    expect((await during(chat.sendMessage(chat.createTextMessage(text('x')), { offlinePushInfo: {}, messageControlInfo: { excludedFromUnreadCount: true } }))).code).toBe(0);
  });

  test('destroy ends all: SDK_DESTROY, no line, no handler', async () => {
    const { chat, of, texts } = await inRoom(w.server);
    await during(chat.destroy());
    expect(of(EVENT.SDK_NOT_READY)).toHaveLength(1);
    expect(of(EVENT.SDK_DESTROY)).toHaveLength(1);
    expect(w.server.connections.every((c) => !c.isOpen)).toBe(true);
    w.server.say('demo', 'bob', 'x');
    expect(texts()).toEqual([]);
    expect(await codes([chat.getGroupProfile({ groupID: 'demo' })])).toEqual([2999]);
  });

  test('the session for play addresses', async () => {
    const { chat, of } = client(w.server);
    expect(chat.getSession()).toBe('');
    await during(chat.joinGroup({ groupID: 'demo' }));
    expect(of(EVENT.LIVEROOM_SESSION)).toEqual([{ session: chat.getSession() }]);
    w.server.cut();
    await during(Promise.resolve(), 2000);
    expect(of(EVENT.LIVEROOM_SESSION)).toHaveLength(1);
  });
});
