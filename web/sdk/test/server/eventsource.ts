// A browser's EventSource as far as stream.ts uses one, over fetch: Node 20 has none.
type Listener = (event: { data: unknown }) => void;

export function eventSource(url: string) {
  const listeners: Record<string, Listener> = {};
  const abort = new AbortController();
  const source = {
    onerror: null as ((event: unknown) => void) | null,
    onmessage: null as Listener | null,
    addEventListener: (name: string, listener: Listener) => void (listeners[name] = listener),
    close: () => abort.abort(),
  };
  void read();
  return source;

  async function read(): Promise<void> {
    try {
      const answer = await fetch(url, { headers: { accept: 'text/event-stream' }, signal: abort.signal });
      if (!answer.ok || !answer.body) throw new Error(`the server answered ${answer.status}`);
      let text = '';
      for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
        const events = (text + chunk).split('\n\n');
        text = events.pop() as string;
        events.forEach(event);
      }
    } catch {
      // Closed by this side, or the line fell: either way it is over.
    }
    if (!abort.signal.aborted) source.onerror?.({});
  }

  function event(lines: string): void {
    const field = (name: string) => lines.split('\n').filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ''));
    const data = field('data');
    if (data.length === 0) return;
    const name = field('event')[0] ?? 'message';
    if (name === 'message') source.onmessage?.({ data: data.join('\n') });
    else listeners[name]?.({ data: data.join('\n') });
  }
}
