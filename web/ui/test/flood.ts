import type { MockServer } from './mock/server.ts';

const TICK_MS = 50;

/** Says `perSecond` messages a second in the room, in batches as the server's ticks send them; returns how to end it, which tells how many there were. */
export function flood(server: MockServer, perSecond: number): () => number {
  const began = performance.now();
  let said = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / 1000) * perSecond); // a late tick makes up for it
    server.together(() => {
      for (; said < due; said++) server.say(`u${said % 500}`, `message ${said} of very many, as long as people write them`, `Somebody ${said % 500}`);
    });
    server.forgetLog();
  }, TICK_MS);
  return () => {
    clearInterval(timer);
    return said;
  };
}
