import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { EVENT } from '../../src/constants.ts';
import type { Environment, FileLike } from '../../src/types.ts';
import { Liveroom, refused } from './liveroom.ts';

let server: Liveroom;
beforeAll(async () => {
  server = await Liveroom.start('--chat-user-burst', '0', '--chat-create-groups', 'on');
});
afterAll(() => server?.stop());

const soon = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 20 });

describe('profiles', () => {
  test('a new nick is on the next message, told to the room and to the user\'s other instance', async () => {
    await server.room('nick');
    const [alice, bob, other] = [await server.member('alice', 'nick'), await server.member('bob', 'nick'), await server.member('alice', 'nick')];
    const { data } = await alice.chat.updateMyProfile({ nick: 'Alice', avatar: 'https://a.example/a.png', gender: 'Gender_Type_Female', selfSignature: 'tea' });
    expect(data).toMatchObject({ userID: 'alice', nick: 'Alice', gender: 'Gender_Type_Female', selfSignature: 'tea' });
    expect((await bob.chat.getUserProfile({ userIDList: ['alice', 'nobody'] })).data).toMatchObject([{ userID: 'alice', nick: 'Alice', avatar: 'https://a.example/a.png' }]);
    expect((await alice.chat.getMyProfile()).data).toMatchObject({ nick: 'Alice', selfSignature: 'tea' });
    await soon(() => expect(bob.of(EVENT.LIVEROOM_MEMBER)).toMatchObject([{ userID: 'alice', nick: 'Alice' }]));
    await soon(() => expect(other.of(EVENT.PROFILE_UPDATED)).toMatchObject([[{ userID: 'alice', nick: 'Alice' }]]));
    expect(alice.of(EVENT.PROFILE_UPDATED)).toHaveLength(1);
    const mine = await alice.say('hello', 'nick');
    expect(mine.nick).toBe('Alice');
    await soon(() => expect(bob.messages().find((m) => m.payload.text === 'hello')).toMatchObject({ nick: 'Alice', avatar: 'https://a.example/a.png' }));
    expect((await server.user('alice')).chat.createTextMessage({ to: 'nick', conversationType: 'GROUP', payload: { text: '' } }).nick).toBe('Alice');
  });

  test('a nick that is not allowed keeps the server\'s number', async () => {
    const { chat } = await server.user('mallory');
    expect((await refused(chat.updateMyProfile({ nick: 'administrator' }))).code).toBe(40005);
    expect(chat.getSelf().nick).toBe('');
  });
});

describe('from user to user', () => {
  test('comes to all of the receiver\'s instances and the sender\'s other one, without any room', async () => {
    const [alice, alice2, bob, bob2] = [await server.user('alice'), await server.user('alice'), await server.user('bob'), await server.user('bob')];
    const message = alice.chat.createCustomMessage({ to: 'bob', conversationType: 'C2C', payload: { data: 'exit_room' } });
    expect((await alice.chat.sendMessage(message)).data.message.status).toBe('success');
    for (const c of [bob, bob2]) await soon(() => expect(c.messages()).toMatchObject([{ ID: message.ID, conversationID: 'C2Calice', flow: 'in', payload: { data: 'exit_room' } }]));
    await soon(() => expect(alice2.messages()).toMatchObject([{ conversationID: 'C2Cbob', flow: 'out' }]));
    expect(alice.messages()).toEqual([]);
    const lost = alice.chat.createTextMessage({ to: 'never-heard-of', conversationType: 'C2C', payload: { text: 'x' } });
    expect((await refused(alice.chat.sendMessage(lost))).code).toBe(20003);
  });
});

describe('groups', () => {
  test('are made, described and ended by their owner, who cannot quit', async () => {
    const [alice, bob] = [await server.user('alice'), await server.user('bob')];
    const made = (await alice.chat.createGroup({
      type: 'AVChatRoom', groupID: 'made', name: 'Made', introduction: 'here', notification: 'hi', groupCustomField: [{ key: 'topic', value: 'tea' }],
    })).data.group;
    expect(made).toMatchObject({ groupID: 'made', name: 'Made', ownerID: 'alice', introduction: 'here', notification: 'hi', type: 'AVChatRoom' });
    expect((await refused(alice.chat.createGroup({ type: 'AVChatRoom', groupID: 'made', name: 'Made' }))).code).toBe(10025);
    expect((await refused(bob.chat.createGroup({ type: 'AVChatRoom', groupID: 'made', name: 'Mine' }))).code).toBe(10021);
    expect((await refused(alice.say('not in it yet', 'made'))).code).toBe(2101);
    expect((await alice.chat.joinGroup({ groupID: 'made' })).data.group?.selfInfo.role).toBe('Owner');
    expect((await bob.chat.joinGroup({ groupID: 'made' })).data.group).toMatchObject({ notification: 'hi', introduction: 'here' });
    expect((await bob.chat.searchGroupByID('made')).data.group.groupCustomField).toContainEqual({ key: 'topic', value: 'tea' });
    expect((await refused(alice.chat.quitGroup('made'))).code).toBe(10009);
    expect((await refused(bob.chat.dismissGroup('made'))).code).toBe(10007);
    expect((await alice.chat.dismissGroup('made')).data).toEqual({ groupID: 'made' });
    for (const c of [alice, bob]) await soon(() => expect(c.messages().filter((m) => m.payload.operationType === 5)).toHaveLength(1));
    expect((await refused(bob.chat.joinGroup({ groupID: 'made' }))).code).toBe(10010);
    const named = (await alice.chat.createGroup({ type: 'AVChatRoom', name: 'Some name' })).data.group;
    expect(named.groupID).not.toBe('');
    expect((await bob.chat.joinGroup({ groupID: named.groupID })).data.status).toBe('JoinedSuccess');
  });
});

describe('what a backend does', () => {
  test('kicks an account: KICKED_OUT, and its UserSig is void', async () => {
    const cleo = server.client();
    const userSig = server.userSig('cleo');
    await cleo.chat.login({ userID: 'cleo', userSig });
    await new Promise((resolve) => setTimeout(resolve, 1100)); // a UserSig says in whole seconds when it was made
    await server.api('POST', '/accounts/cleo/kick');
    await soon(() => expect(cleo.of(EVENT.KICKED_OUT)).toEqual([{ type: 'REST_API_Kick' }]));
    expect((await refused(cleo.chat.login({ userID: 'cleo', userSig }))).data.reason).toBe('usersig_revoked');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await cleo.login('cleo');
  });

  test('names people, and notifies a room, guests too', async () => {
    await server.api('PUT', '/accounts/dora', { nick: 'Dora' });
    await server.room('notify');
    const dora = await server.member('dora', 'notify');
    expect(dora.chat.getSelf().nick).toBe('Dora');
    const guest = server.client();
    await guest.chat.joinGroup({ groupID: 'notify' });
    await server.api('POST', '/rooms/notify/notifications', { content: '{"draw":1}' });
    for (const c of [dora, guest]) await soon(() => expect(c.messages().filter((m) => m.payload.operationType === 255)).toMatchObject([{ type: 'TIMGroupSystemNoticeElem', payload: { userDefinedField: '{"draw":1}' } }]));
  });
});

describe('one user in two pages', () => {
  test('joining on one leaves on the other, which is told', async () => {
    await server.room('first');
    await server.room('second');
    const desk = await server.member('erik', 'first');
    const phone = await server.member('erik', 'second');
    await soon(() => expect(desk.of(EVENT.LIVEROOM_LEFT)).toMatchObject([{ groupID: 'first', reason: 'joined_elsewhere' }]));
    expect(desk.messages().at(-1)?.payload.operationType).toBe(8);
    expect(phone.of(EVENT.LIVEROOM_LEFT)).toEqual([]);
    // Coming back after a sleep is no wish to be there.
    desk.network.cut();
    phone.network.cut();
    await soon(() => expect([desk.chat.getNetState(), phone.chat.getNetState()]).toEqual(['connected', 'connected']));
    await phone.say('here', 'second');
  });

  test('a guest who logs in is where he logged in', async () => {
    await server.room('third');
    const elsewhere = await server.member('frida', 'first');
    const here = server.client();
    await here.chat.joinGroup({ groupID: 'third' });
    await here.login('frida');
    await here.say('me', 'third');
    expect(here.of(EVENT.LIVEROOM_LEFT)).toEqual([]);
    await soon(() => expect(elsewhere.of(EVENT.LIVEROOM_LEFT)).toMatchObject([{ reason: 'joined_elsewhere' }]));
  });
});

describe('files', () => {
  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
  const environment: Partial<Environment> = {
    upload: async ({ url, headers, file }) => {
      const answer = await fetch(url, { method: 'PUT', headers, body: (file as FileLike & { bytes: Uint8Array<ArrayBuffer> }).bytes });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    },
    measure: async () => ({ width: 1, height: 1 }),
  };
  const file = (name: string, bytes: Buffer, type: string) => ({ name, size: bytes.length, type, bytes: new Uint8Array(bytes) });
  const to = (group: string) => ({ to: group, conversationType: 'GROUP' });

  test('a picture is uploaded, sent, seen by the others, and gone when a review blocks it', async () => {
    await server.room('files');
    const alice = await server.user('alice', {}, environment);
    await alice.chat.joinGroup({ groupID: 'files' });
    const bob = await server.member('bob', 'files');
    const message = alice.chat.createImageMessage({ ...to('files'), payload: { file: file('dot.png', png, 'image/png') } });
    await alice.chat.sendMessage(message);
    await soon(() => expect(bob.messages().some((m) => m.type === 'TIMImageElem')).toBe(true));
    const seen = bob.messages().find((m) => m.type === 'TIMImageElem');
    expect(seen?.payload.imageInfoArray[0]).toMatchObject({ width: 1, height: 1, size: png.length });
    const url = seen?.payload.imageInfoArray[2].url as string;
    const answer = await fetch(url);
    expect(answer.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await answer.arrayBuffer()).equals(png)).toBe(true);
    await server.api('POST', `/rooms/files/messages/${message.sequence}/verdict`, { verdict: 'block' });
    await soon(() => expect(seen?.hasRiskContent).toBe(true));
    await vi.waitFor(async () => expect((await fetch(url)).status).toBe(410), { timeout: 5000 });
  });

  test('a file of any kind keeps its name; a picture that is none is refused', async () => {
    const alice = await server.user('alice', {}, environment);
    await alice.chat.joinGroup({ groupID: 'files' });
    const list = alice.chat.createFileMessage({ ...to('files'), payload: { file: file('tea list.txt', Buffer.from('green'), 'text/plain') } });
    await alice.chat.sendMessage(list);
    expect(list.payload).toMatchObject({ fileName: 'tea list.txt', fileSize: 5 });
    expect(await (await fetch(list.payload.fileUrl)).text()).toBe('green');
    const script = alice.chat.createImageMessage({ ...to('files'), payload: { file: file('cat.png', Buffer.from('<script>alert(1)</script>'), 'image/png') } });
    expect(await refused(alice.chat.sendMessage(script))).toMatchObject({ code: 2041, data: { message: { status: 'fail' } } });
  });

  test('who may upload is a setting of the room', async () => {
    await server.room('nofiles');
    const anna = await server.member('anna', 'nofiles');
    await anna.chat.updateGroupProfile({ groupID: 'nofiles', uploads: 'none' });
    const alice = await server.user('alice', {}, environment);
    await alice.chat.joinGroup({ groupID: 'nofiles' });
    const message = alice.chat.createImageMessage({ ...to('nofiles'), payload: { file: file('dot.png', png, 'image/png') } });
    expect((await refused(alice.chat.sendMessage(message))).code).toBe(10007);
  });
});
