import { describe, expect, test, vi } from 'vitest';
import { EVENT } from '../src/constants.ts';
import { wxEnvironment, wxSocket, type Wx } from '../src/wx.ts';
import type { Connection } from './fake-server.ts';
import { client, during, pass, refused, text, world } from './helper.ts';

const w = world();

/** `wx` of a mini-program whose sockets end at the fake server. */
function fakeWx() {
  const shown = new Set<() => void>();
  const network = new Set<(event: { isConnected: boolean }) => void>();
  const asked = { urls: [] as string[], requests: [] as Record<string, any>[], read: [] as string[] };
  const wx: Wx = {
    connectSocket: ({ url }) => {
      asked.urls.push(url);
      const socket = w.server.socket(url) as Connection;
      return {
        onOpen: (f) => void (socket.onopen = f), onMessage: (f) => void (socket.onmessage = f), onClose: (f) => void (socket.onclose = f), onError: (f) => void (socket.onerror = f),
        send: ({ data, fail }) => {
          try {
            socket.send(data);
          } catch {
            fail?.();
          }
        },
        close: () => socket.close(),
      };
    },
    onAppShow: (f) => void shown.add(f),
    offAppShow: (f) => void shown.delete(f),
    onNetworkStatusChange: (f) => void network.add(f),
    offNetworkStatusChange: (f) => void network.delete(f),
    getFileSystemManager: () => ({ readFile: ({ filePath, success, fail }) => (asked.read.push(filePath), filePath.includes('gone') ? fail({ errMsg: 'readFile:fail no such file' }) : success({ data: new ArrayBuffer(3) })) }),
    request: (o) => (asked.requests.push(o), o.url.includes('full') ? o.success({ statusCode: 413 }) : o.success({ statusCode: 201 })),
  };
  return { wx, asked, shown, network, show: () => shown.forEach((f) => f()), net: (isConnected: boolean) => network.forEach((f) => f({ isConnected })) };
}

/** The helper's environment minus what the mini-program has itself. */
const inWx = (wx: Wx) => client(w.server, {}, wxEnvironment(wx));

describe('in a mini-program', () => {
  test('logs in, joins, speaks and hears over wx.connectSocket, as platform MiniProgram', async () => {
    const { wx, asked } = fakeWx();
    const alice = inWx(wx);
    await during(alice.chat.login({ userID: 'alice', userSig: 's' }));
    await during(alice.chat.joinGroup({ groupID: 'demo' }));
    await during(alice.chat.sendMessage(alice.chat.createTextMessage(text('from a phone'))));
    w.server.say('demo', 'bob', 'hi');
    expect(alice.texts()).toEqual(['hi']);
    expect(asked.urls).toEqual(['wss://live.example/chat']);
    expect(w.server.asked('auth')[0]).toMatchObject({ platform: 'MiniProgram' });
  });

  test('comes back when shown after sleep, and when the network comes back', async () => {
    const { wx, show, net } = fakeWx();
    const alice = inWx(wx);
    await during(alice.chat.joinGroup({ groupID: 'demo' }));
    w.server.last().deaf = true;
    show();
    await pass(6000);
    expect(w.server.connections).toHaveLength(2);
    net(false);
    w.server.doors = 'shut';
    w.server.cut();
    await pass(100);
    expect(alice.of(EVENT.NET_STATE_CHANGE).at(-1)).toEqual({ state: 'disconnected' });
    w.server.doors = 'open';
    net(true);
    await pass(10);
    expect(alice.of(EVENT.NET_STATE_CHANGE).at(-1)).toEqual({ state: 'connected' });
  });

  test('listens to nothing after logout, and may log in again though it went offline before', async () => {
    const { wx, shown, network, net } = fakeWx();
    const alice = inWx(wx);
    await during(alice.chat.login({ userID: 'alice', userSig: 's' }));
    net(false);
    await during(alice.chat.logout());
    expect([shown.size, network.size]).toEqual([0, 0]);
    w.server.doors = 'shut';
    expect((await refused(alice.chat.login({ userID: 'alice', userSig: 's' }), 16_000)).code).toBe(2800); // and not: offline
    w.server.doors = 'open';
    await during(alice.chat.login({ userID: 'alice', userSig: 's' }));
    expect(alice.chat.isReady()).toBe(true);
  });

  test.each([
    ['chooseMedia', { tempFiles: [{ tempFilePath: 'wxfile://tmp/a.png', size: 5 }] }, 'a.png'], ['chooseImage', { tempFilePaths: ['x'], tempFiles: [{ path: 'wxfile://tmp/b.jpg', size: 5 }] }, 'b.jpg'],
    ['chooseMessageFile', { path: 'wxfile://tmp/1.png', name: 'mine.png', size: 5 }, 'mine.png'],
  ])('what %s gives is sent by readFile and request', async (_, file, name) => {
    const { wx, asked } = fakeWx();
    const alice = inWx(wx);
    w.server.also.upload = { id: 'F', url: 'https://live.example/f', put: { url: 'https://live.example/up', headers: { 'content-type': 'image/png' } } };
    await during(alice.chat.login({ userID: 'alice', userSig: 's' }));
    await during(alice.chat.joinGroup({ groupID: 'demo' }));
    await during(alice.chat.sendMessage(alice.chat.createImageMessage({ to: 'demo', conversationType: 'GROUP', payload: { file } })));
    expect(w.server.asked('upload')[0]).toMatchObject({ name, size: 5 });
    expect(asked.requests).toMatchObject([{ url: 'https://live.example/up', method: 'PUT', header: { 'content-type': 'image/png' }, data: expect.any(ArrayBuffer) }]);
  });

  test('a recording keeps its length; a file that is gone and a server that refuses are told', async () => {
    const { wx } = fakeWx();
    const alice = inWx(wx);
    await during(alice.chat.login({ userID: 'alice', userSig: 's' }));
    await during(alice.chat.joinGroup({ groupID: 'demo' }));
    const sound = (path: string) => alice.chat.createAudioMessage({ to: 'demo', conversationType: 'GROUP', payload: { file: { tempFilePath: path, fileSize: 9, duration: 4 } } });
    expect(sound('a.m4a').payload).toMatchObject({ size: 9, second: 4 });
    w.server.also.upload = { id: 'F', url: 'u', put: { url: 'https://live.example/full', headers: {} } };
    expect(await refused(alice.chat.sendMessage(sound('a.m4a')))).toMatchObject({ code: 2300, message: expect.stringContaining('413') });
    expect(await refused(alice.chat.sendMessage(sound('gone.m4a')))).toMatchObject({ code: 2300, message: expect.stringContaining('no such file') });
    expect((await refused(alice.chat.sendMessage(alice.chat.createAudioMessage({ to: 'demo', conversationType: 'GROUP', payload: { file: 'a path' } })))).code).toBe(2401);
  });

  test('a runtime without files says so; a socket that cannot be made is closed once', () => {
    const { wx } = fakeWx();
    expect(wxEnvironment({ connectSocket: wx.connectSocket }).upload).toBeNull();
    let fail = () => {};
    const task = { onOpen() {}, onMessage() {}, onClose() {}, onError() {}, send() {}, close() {} };
    const socket = wxSocket({ connectSocket: (o) => ((fail = o.fail as () => void), task) })('wss://x');
    const closed = vi.fn();
    socket.onclose = closed;
    fail();
    fail();
    expect(closed).toHaveBeenCalledTimes(1);
  });
});
