// What the SDK uses of a browser, where there is one. The only file besides the fallback that knows of documents and windows.
import { isFile } from './environment.ts';
import { streamSocket } from './stream.ts';
import type { Environment, FileLike, UploadRequest } from './types.ts';

interface Browser {
  document?: {
    visibilityState: string;
    currentScript?: { src?: string } | null;
    addEventListener(name: string, listener: () => void): void;
    removeEventListener(name: string, listener: () => void): void;
  };
  addEventListener?(name: string, listener: () => void): void;
  removeEventListener?(name: string, listener: () => void): void;
  EventSource?: new (url: string) => never;
  XMLHttpRequest?: new () => Xhr;
  createImageBitmap?(file: unknown): Promise<{ width: number; height: number; close(): void }>;
  fetch?: unknown;
}

interface Xhr {
  status: number;
  upload: { onprogress: ((event: { lengthComputable: boolean; loaded: number; total: number }) => void) | null };
  onload: (() => void) | null;
  onerror: (() => void) | null;
  ontimeout: (() => void) | null;
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  send(body: unknown): void;
}

const here = globalThis as unknown as Browser;

/** The parts a browser adds; in other runtimes nothing but what they share with one. `script` is where this code came from. */
export function browser(script: string): Partial<Environment> {
  const parts: Partial<Environment> = { defaultHost: servedFrom(script) };
  if (here.EventSource && typeof here.fetch === 'function') parts.fallback = (url) => streamSocket(url);
  if (here.XMLHttpRequest) parts.upload = upload;
  if (here.createImageBitmap) parts.measure = measure;
  if (typeof here.addEventListener === 'function' && here.document) parts.watch = watch;
  parts.file = (given) => {
    const chosen = (given as { files?: ArrayLike<unknown> } | null)?.files; // an input element
    const file = chosen ? chosen[0] : given;
    return isFile(file) ? file : null;
  };
  return parts;
}

/** The server this script was loaded from, if it was one of ours: it serves the SDK below /sdk/. */
export function servedFrom(script: string): string {
  return /^(https?:\/\/.+)\/sdk\/liveroom(?:\.[a-z]+)?\.js(?:[?#].*)?$/.exec(script)?.[1] ?? '';
}

/** The address of the script that runs now, for builds that are no module. */
export const currentScript = (): string => here.document?.currentScript?.src ?? '';

function watch(listener: (what: 'visible' | 'online' | 'offline') => void): () => void {
  const { document } = here;
  const seen = () => document?.visibilityState === 'visible' && listener('visible');
  const online = () => listener('online');
  const offline = () => listener('offline');
  document?.addEventListener('visibilitychange', seen);
  here.addEventListener?.('pageshow', seen);
  here.addEventListener?.('online', online);
  here.addEventListener?.('offline', offline);
  return () => {
    document?.removeEventListener('visibilitychange', seen);
    here.removeEventListener?.('pageshow', seen);
    here.removeEventListener?.('online', online);
    here.removeEventListener?.('offline', offline);
  };
}

/** By XMLHttpRequest: fetch tells nothing of an upload's progress. */
function upload(request: UploadRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const xhr = new (here.XMLHttpRequest as new () => Xhr)();
    xhr.open('PUT', request.url);
    for (const [name, value] of Object.entries(request.headers)) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = (event) => event.lengthComputable && request.onProgress(event.loaded / event.total);
    xhr.onload = () => (xhr.status >= 200 && xhr.status < 300 ? resolve() : reject(new Error(`the server answered ${xhr.status}`)));
    xhr.onerror = xhr.ontimeout = () => reject(new Error('the server was not reached'));
    xhr.send(request.file);
  });
}

async function measure(file: FileLike): Promise<{ width: number; height: number }> {
  const picture = await here.createImageBitmap?.(file);
  if (!picture) return { width: 0, height: 0 };
  const size = { width: picture.width, height: picture.height };
  picture.close();
  return size;
}
