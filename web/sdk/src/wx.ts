// For WeChat mini-programs, and uni-app, whose `uni` has the same calls. The entry for them (mini.ts) finds either by itself.
import type { Environment, FileLike, SocketLike, UploadRequest } from './types.ts';

interface SocketTask {
  onOpen(listener: (event: unknown) => void): void;
  onMessage(listener: (event: { data: unknown }) => void): void;
  onClose(listener: (event: unknown) => void): void;
  onError(listener: (event: unknown) => void): void;
  send(options: { data: string; fail?: () => void }): void;
  close(options: { code?: number; reason?: string; fail?: () => void }): void;
}

/** What is used of `wx` (or `uni`). */
export interface Wx {
  connectSocket(options: { url: string; fail?: () => void; complete?: () => void }): SocketTask;
  onAppShow?(listener: () => void): void;
  offAppShow?(listener: () => void): void;
  onNetworkStatusChange?(listener: (event: { isConnected: boolean }) => void): void;
  offNetworkStatusChange?(listener: (event: { isConnected: boolean }) => void): void;
  getFileSystemManager?(): {
    readFile(options: { filePath: string; success: (result: { data: unknown }) => void; fail: (err: { errMsg?: string }) => void }): void;
  };
  request?(options: {
    url: string; method: string; header: Record<string, string>; data: unknown;
    success: (result: { statusCode: number }) => void; fail: (err: { errMsg?: string }) => void;
  }): void;
}

interface WxFile extends FileLike {
  path: string;
}

/** A socket of a mini-program in the shape of a browser's. */
export function wxSocket(wx: Wx): (url: string) => SocketLike {
  return (url) => {
    const socket: SocketLike = {
      onopen: null, onmessage: null, onclose: null, onerror: null,
      send: (data) => task.send({ data, fail: end }),
      close: (code, reason) => task.close({ code: code ?? 1000, reason: reason ?? '', fail: end }),
    };
    let ended = false;
    function end(): void {
      if (ended) return;
      ended = true;
      socket.onclose?.({});
    }
    // uni-app gives a task only if one of the callbacks is there.
    const task = wx.connectSocket({ url, fail: end, complete: () => {} });
    task.onOpen((event) => socket.onopen?.(event));
    task.onMessage((event) => socket.onmessage?.(event));
    task.onClose(end);
    task.onError((event) => (socket.onerror?.(event), end()));
    return socket;
  };
}

/** Everything a mini-program has, for create's `environment`. */
export function wxEnvironment(wx: Wx): Partial<Environment> {
  let connected = true;
  return {
    platform: 'MiniProgram',
    socket: wxSocket(wx),
    fallback: null,
    measure: null,
    online: () => connected,
    file: chosenFile,
    upload: wx.request && wx.getFileSystemManager ? (request) => upload(wx, request) : null,
    watch: (listener) => {
      const shown = () => listener('visible');
      const changed = (event: { isConnected: boolean }) => {
        connected = event.isConnected;
        listener(connected ? 'online' : 'offline');
      };
      wx.onAppShow?.(shown);
      wx.onNetworkStatusChange?.(changed);
      return () => {
        wx.offAppShow?.(shown);
        wx.offNetworkStatusChange?.(changed);
        connected = true; // nobody tells any more
      };
    },
  };
}

/** What wx.chooseMedia, chooseImage, chooseMessageFile and the recorder give, whole or one of their files. */
function chosenFile(given: unknown): WxFile | null {
  const g = given as { tempFiles?: unknown[]; tempFilePath?: string; path?: string; size?: number; fileSize?: number; name?: string; duration?: number } | null;
  if (typeof g !== 'object' || g === null) return null;
  if (Array.isArray(g.tempFiles)) return chosenFile(g.tempFiles[0]);
  const path = g.tempFilePath ?? g.path;
  if (typeof path !== 'string') return null;
  const file = { path, name: g.name ?? path.split('/').pop() ?? '', size: Number(g.size ?? g.fileSize) || 0, type: '' };
  return Object.assign(file, typeof g.duration === 'number' ? { duration: g.duration } : {});
}

/** wx.uploadFile can only POST forms; the server wants the bytes by PUT. */
function upload(wx: Wx, { url, headers, file, onProgress }: UploadRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (err: { errMsg?: string }) => reject(new Error(err.errMsg ?? 'the upload failed'));
    wx.getFileSystemManager?.().readFile({
      filePath: (file as WxFile).path,
      fail,
      success: ({ data }) => {
        onProgress(0);
        wx.request?.({
          url, method: 'PUT', header: headers, data, fail,
          success: ({ statusCode }) => (statusCode >= 200 && statusCode < 300 ? resolve() : reject(new Error(`the server answered ${statusCode}`))),
        });
      },
    });
  });
}
