import { describe, expect, test, vi } from 'vitest';
import type { Chat } from '../src/chat.ts';
import type { FileLike, UploadRequest } from '../src/types.ts';
import { client, during, inRoom, loggedIn, pass, refused, world } from './helper.ts';

const w = world();
const MB = 1 << 20;
const to = { to: 'demo', conversationType: 'GROUP' };
const picture: FileLike = { name: 'cat.PNG', size: 1234, type: 'image/png' };
const make = (chat: Chat, kind: string, file: unknown, more: object = {}) =>
  (chat as never as Record<string, (o: object) => ReturnType<Chat['createImageMessage']>>)[`create${kind}Message`]?.({ ...to, payload: { file, ...more } }) as ReturnType<Chat['createImageMessage']>;

function uploads() {
  const asked: UploadRequest[] = [];
  let fail: Error | null = null;
  const upload = async (request: UploadRequest) => {
    asked.push(request);
    request.onProgress(0.5);
    if (fail) throw fail;
  };
  w.server.also.upload = { id: 'F1', url: 'https://live.example/files/F1?sig=x', put: { url: 'https://live.example/upload/F1?sig=y', headers: { 'content-type': 'image/png' } } };
  return { asked, failWith: (err: Error | null) => (fail = err), environment: { upload, measure: async () => ({ width: 64, height: 48 }) } };
}

describe('files', () => {
  test('a picture goes where the server says and carries its address, sizes and progress', async () => {
    const up = uploads();
    const alice = await inRoom(w.server, 'alice', {}, up.environment);
    const bob = await inRoom(w.server, 'bob');
    const onProgress = vi.fn();
    const message = alice.chat.createImageMessage({ ...to, payload: { file: picture }, onProgress });
    expect(message.payload).toEqual({ uuid: '', imageFormat: 3, imageInfoArray: [] });
    await during(alice.chat.sendMessage(message));
    expect(w.server.asked('upload')).toEqual([expect.objectContaining({ group: 'demo', kind: 'image', name: 'cat.PNG', size: 1234, type: 'image/png' })]);
    expect(up.asked).toMatchObject([{ url: 'https://live.example/upload/F1?sig=y', headers: { 'content-type': 'image/png' }, file: picture }]);
    expect(onProgress.mock.calls).toEqual([[0.5], [1]]);
    const info = { width: 64, height: 48, size: 1234, url: 'https://live.example/files/F1?sig=x' };
    expect(message).toMatchObject({ status: 'success', payload: { uuid: 'F1', imageFormat: 3, imageInfoArray: [{ type: 0, ...info }, { type: 1, ...info }, { type: 2, ...info }] } });
    expect(bob.messages()).toMatchObject([{ type: 'TIMImageElem', payload: message.payload }]);
    expect(alice.messages()).toEqual([]);
  });

  test.each([
    ['Audio', { name: 'a.m4a', size: 900, type: 'audio/mp4' }, { second: 7 }, 'sound', 'TIMSoundElem', { uuid: 'F1', url: 'https://live.example/files/F1?sig=x', size: 900, second: 7 }],
    ['Video', { name: 'v.mp4', size: 900, type: 'video/mp4' }, { videoSecond: 9 }, 'video', 'TIMVideoFileElem', { videoUUID: 'F1', videoUrl: 'https://live.example/files/F1?sig=x', videoSize: 900, videoSecond: 9, videoFormat: 'mp4' }],
    ['File', { name: 'tea list.pdf', size: 900, type: 'application/pdf' }, {}, 'file', 'TIMFileElem', { uuid: 'F1', fileUrl: 'https://live.example/files/F1?sig=x', fileName: 'tea list.pdf', fileSize: 900 }],
  ])('%s', async (kind, file, more, asked, type, payload) => {
    const up = uploads();
    const alice = await inRoom(w.server, 'alice', {}, up.environment);
    const bob = await inRoom(w.server, 'bob');
    await during(alice.chat.sendMessage(make(alice.chat, kind, file, more)));
    expect(w.server.asked('upload')[0]).toMatchObject({ kind: asked, name: file.name });
    expect(bob.messages()).toMatchObject([{ type, payload }]);
  });

  test('to a user it is uploaded for no group', async () => {
    const up = uploads();
    const { chat } = await loggedIn(w.server, 'alice', {}, up.environment);
    await during(chat.sendMessage(chat.createImageMessage({ to: 'bob', conversationType: 'C2C', payload: { file: picture } })));
    expect(w.server.asked('upload')[0]).not.toHaveProperty('group');
    expect(w.server.asked('sendC2C')).toHaveLength(1);
  });

  test.each([
    ['Image', null, 2251], ['Image', { name: 'x.png', size: 0 }, 2251], ['Image', { name: 'x.exe', size: 5 }, 2252], ['Image', { name: 'x.png', size: 21 * MB }, 2253],
    ['Video', null, 2401], ['Video', { name: 'v.avi', size: 5 }, 2352], ['Video', { name: 'v.mp4', size: 101 * MB }, 2351],
    ['File', 'a path', 2401], ['File', { name: 'f', size: 0 }, 2403], ['File', { name: 'f', size: 101 * MB }, 2402], ['Audio', undefined, 2401],
  ])('%s %o: %i, and nothing is asked of the server', async (kind, file, code) => {
    const up = uploads();
    const { chat } = await inRoom(w.server, 'alice', {}, up.environment);
    expect((await refused(chat.sendMessage(make(chat, kind, file)))).code).toBe(code);
    expect(w.server.asked('upload')).toEqual([]);
  });

  test('where nothing can be uploaded: 2040', async () => {
    const { chat } = await inRoom(w.server);
    expect((await refused(chat.sendMessage(chat.createImageMessage({ ...to, payload: { file: picture } })))).code).toBe(2040);
  });

  test('no place, refused, or broken off: the number of the kind, and resendMessage tries again', async () => {
    const up = uploads();
    const { chat } = await inRoom(w.server, 'alice', {}, up.environment);
    const message = chat.createVideoMessage({ ...to, payload: { file: { name: 'v.mp4', size: 5 } } });
    up.failWith(new Error('the server answered 413'));
    expect(await refused(chat.sendMessage(message))).toMatchObject({ code: 2350, message: expect.stringContaining('413'), data: { temporary: true, message } });
    expect(message.status).toBe('fail');
    up.failWith(null);
    await during(chat.resendMessage(message));
    expect(message.status).toBe('success');
    w.server.also.upload = {};
    expect((await refused(chat.sendMessage(chat.createImageMessage({ ...to, payload: { file: picture } })))).code).toBe(2041);
    w.server.refuse.upload = { code: 10007, error: 'no_permission' };
    expect((await refused(chat.sendMessage(chat.createImageMessage({ ...to, payload: { file: picture } })))).code).toBe(10007);
  });

  test('sent again after the message was refused, the file is not uploaded twice', async () => {
    const up = uploads();
    const { chat } = await inRoom(w.server, 'alice', {}, up.environment);
    w.server.refuse.send = { code: 10017, error: 'muted' };
    const message = chat.createImageMessage({ ...to, payload: { file: picture } });
    expect((await refused(chat.sendMessage(message))).code).toBe(10017);
    w.server.refuse = {};
    await during(chat.resendMessage(message));
    expect(up.asked).toHaveLength(1);
  });

  test('a forwarded picture is not uploaded again', async () => {
    const up = uploads();
    const { chat } = await inRoom(w.server, 'alice', {}, up.environment);
    const bob = await inRoom(w.server, 'bob');
    const message = chat.createImageMessage({ ...to, payload: { file: picture } });
    await during(chat.sendMessage(message));
    await during(chat.sendMessage(chat.createForwardMessage({ ...to, payload: message })));
    expect(up.asked).toHaveLength(1);
    expect(bob.messages().map((m) => m.payload.imageInfoArray[0].url)).toEqual(['https://live.example/files/F1?sig=x', 'https://live.example/files/F1?sig=x']);
  });

  test('an onProgress that throws, a picture that cannot be measured: sent all the same', async () => {
    const up = uploads();
    const { chat } = await inRoom(w.server, 'alice', {}, { ...up.environment, measure: () => Promise.reject(new Error('no picture')) });
    const message = chat.createImageMessage({ ...to, payload: { file: picture }, onProgress: () => { throw new Error('bad page'); } });
    await during(chat.sendMessage(message));
    expect(message.payload.imageInfoArray[0]).toMatchObject({ width: 0, height: 0 });
  });

  test('before the room is joined nothing is uploaded: 2101', async () => {
    const up = uploads();
    const { chat } = client(w.server, {}, up.environment);
    await during(chat.login({ userID: 'alice', userSig: 's' }));
    expect((await refused(chat.sendMessage(chat.createImageMessage({ ...to, payload: { file: picture } })))).code).toBe(2101);
    await pass();
    expect(up.asked).toEqual([]);
  });
});
