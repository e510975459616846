// The way in where WebSockets do not get through: frames of the server come as server-sent events, ours go by POST.
import type { SocketLike } from './types.ts';
import { isObject, parseJson, text } from './wire.ts';

interface EventSourceLike {
  onerror: ((event: unknown) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  addEventListener(name: string, listener: (event: { data: unknown }) => void): void;
  close(): void;
}

export interface StreamParts {
  eventSource: (url: string) => EventSourceLike;
  post: (url: string, body: string) => Promise<{ ok: boolean }>;
}

const runtime = globalThis as unknown as {
  EventSource: new (url: string) => EventSourceLike;
  fetch(url: string, init: object): Promise<{ ok: boolean }>;
};

const browserParts: StreamParts = {
  eventSource: (url) => new runtime.EventSource(url),
  post: (url, body) => runtime.fetch(url, { method: 'POST', body, credentials: 'omit', cache: 'no-store' }),
};

/** A socket over GET `url` and POST `url`/KEY; frames are sent one POST after the other, so that they arrive in order. */
export function streamSocket(url: string, parts: StreamParts = browserParts): SocketLike {
  const source = parts.eventSource(url);
  let key = '';
  let done = false;
  let waiting: string[] = [];
  let posting = false;

  const socket: SocketLike = { onopen: null, onmessage: null, onclose: null, onerror: null, send, close };

  function end(): void {
    if (done) return;
    done = true;
    source.close(); // it would come back by itself, as somebody else
    socket.onclose?.({});
  }

  function send(frame: string): void {
    waiting.push(frame);
    void flush();
  }

  async function flush(): Promise<void> {
    if (posting || key === '') return;
    posting = true;
    while (waiting.length > 0 && !done) {
      const frame = waiting.shift() as string;
      const sent = await parts.post(`${url}/${encodeURIComponent(key)}`, frame).catch(() => ({ ok: false }));
      if (!sent.ok) end();
    }
    posting = false;
  }

  function close(): void {
    waiting = [];
    end();
  }

  source.addEventListener('open', (event) => {
    const hello = parseJson(event.data);
    if (!isObject(hello) || key !== '') return; // EventSource's own event of that name has no data
    key = text(hello.key);
    socket.onopen?.({});
    void flush();
  });
  source.onmessage = (event) => socket.onmessage?.(event);
  source.onerror = () => end();
  return socket;
}
