import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { data } from '../../src/api/http.ts';
import { Session, takeCode } from '../../src/admin/session.ts';

const json = (status: number, body: object): Response => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' } });

/** A server that knows one session at a time. */
class Door {
  csrf: string | null = null;
  away = false;
  dead = false;
  readonly calls: { method: string; path: string; csrf: string | null; body: string }[] = [];
  fetch = async (request: Request): Promise<Response> => {
    const path = new URL(request.url).pathname;
    this.calls.push({ method: request.method, path, csrf: request.headers.get('X-CSRF-Token'), body: await request.clone().text() });
    if (this.dead) await new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason)));
    if (this.away) throw new TypeError('Failed to fetch');
    if (path === '/api/v1/session' && request.method === 'POST') {
      const given = (await request.json()) as { token?: string; code?: string };
      if (given.code === 'used') return json(410, { code: 'link_used', detail: 'the link was used' });
      if (given.token === 'again') return new Response('{"code":"rate_limited"}', { status: 429, headers: { 'Retry-After': '7' } });
      if (given.token !== 'right' && given.code !== 'good') return json(401, { code: 'unauthorized', detail: 'no' });
      this.csrf = `c${this.calls.length}`;
      return json(201, this.#body());
    }
    if (this.csrf === null) return json(401, { code: 'unauthorized', detail: 'sign in' });
    if (path === '/api/v1/session' && request.method === 'GET') return json(200, this.#body());
    if (request.method !== 'GET' && request.headers.get('X-CSRF-Token') !== this.csrf) return json(403, { code: 'csrf', detail: 'no' });
    if (path.startsWith('/api/v1/session')) {
      this.csrf = null;
      return new Response(null, { status: 204 });
    }
    return json(200, { rooms: [], id: 'demo' });
  };
  #body = () => ({ name: 'ann', csrf: this.csrf, expiresAt: '2026-12-01T00:00:00Z' });
}

let door: Door;
let session: Session;
beforeEach(() => {
  vi.useFakeTimers();
  door = new Door();
  session = new Session({ fetch: door.fetch, host: 'http://h', random: () => 1 });
});
afterEach(() => {
  session.close();
  vi.useRealTimers();
});

const rooms = () => data(session.http.GET('/api/v1/rooms'));
const create = () => data(session.http.POST('/api/v1/rooms', { body: { title: 'tea' } }));

describe('signing in', () => {
  test('by token, and the name goes with it', async () => {
    await session.start();
    expect(session.standing.value).toBe('out');
    await expect(session.signIn({ token: 'wrong' })).rejects.toMatchObject({ status: 401 });
    expect(session.standing.value).toBe('out');
    await session.signIn({ token: 'right', name: 'ann' });
    expect([session.standing.value, session.who.value?.name]).toEqual(['in', 'ann']);
    expect(JSON.parse(door.calls.at(-1)?.body ?? '')).toEqual({ token: 'right', name: 'ann' });
  });

  test('too often: the wait is told', async () => {
    await expect(session.signIn({ token: 'again' })).rejects.toMatchObject({ status: 429, retryAfter: 7 });
  });

  test('by the code of a link', async () => {
    await session.start('good');
    expect(session.standing.value).toBe('in');
    expect(session.linkRefused.value).toBeNull();
  });

  test('a used link says so, and is no harm to who is signed in already', async () => {
    await session.start('used');
    expect(session.standing.value).toBe('out');
    expect(session.linkRefused.value?.code).toBe('link_used');
    await session.signIn({ token: 'right' });
    expect(session.linkRefused.value).toBeNull();
    await session.start('used');
    expect(session.standing.value).toBe('in');
  });

  test('where the server is away at first, it is found by itself', async () => {
    door.csrf = 'c';
    door.away = true;
    await session.start();
    expect([session.standing.value, session.reachable.value]).toEqual(['asking', false]);
    door.away = false;
    await vi.advanceTimersByTimeAsync(1000);
    expect([session.standing.value, session.reachable.value]).toEqual(['in', true]);
  });
});

describe('while signed in', () => {
  beforeEach(() => session.signIn({ token: 'right' }));

  test('writes carry the token against forged requests, reads do not', async () => {
    await rooms();
    await create();
    expect(door.calls.slice(-2).map((c) => c.csrf)).toEqual([null, door.csrf]);
  });

  test('signed in anew in another tab: the write is done with the new token', async () => {
    door.csrf = 'another';
    await create();
    expect(session.who.value?.csrf).toBe('another');
    expect(door.calls.at(-1)).toMatchObject({ method: 'POST', path: '/api/v1/rooms', csrf: 'another', body: '{"title":"tea"}' });
  });

  test('what failed because the session was over is done after signing in again', async () => {
    door.csrf = null;
    const made = create();
    const read = rooms();
    await vi.waitFor(() => expect(session.standing.value).toBe('lost'));
    await session.signIn({ token: 'right' });
    await expect(made).resolves.toMatchObject({ id: 'demo' });
    await expect(read).resolves.toMatchObject({ rooms: [] });
    expect(session.standing.value).toBe('in');
  });

  test('what was given up fails as the server refused it', async () => {
    door.csrf = null;
    const made = create();
    await vi.waitFor(() => expect(session.standing.value).toBe('lost'));
    session.giveUp();
    await expect(made).rejects.toMatchObject({ status: 401 });
    expect(session.standing.value).toBe('out');
  });

  test('what is not wanted any more does not wait', async () => {
    door.csrf = null;
    const abort = new AbortController();
    const read = data(session.http.GET('/api/v1/rooms', { signal: abort.signal }));
    await vi.waitFor(() => expect(session.standing.value).toBe('lost'));
    abort.abort();
    await expect(read).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('a server that is away is asked until it is back, and the session stands', async () => {
    door.away = true;
    await expect(rooms()).rejects.toMatchObject({ status: 0 });
    expect(session.reachable.value).toBe(false);
    await vi.advanceTimersByTimeAsync(3000);
    expect(session.reachable.value).toBe(false);
    door.away = false;
    session.hurry();
    await vi.waitFor(() => expect(session.reachable.value).toBe(true));
    expect([session.standing.value, session.returns.value]).toEqual(['in', 1]);
    const asked = door.calls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(door.calls.length).toBe(asked);
  });

  test('a connection that is dead and tells nobody is given up', async () => {
    door.dead = true;
    const read = rooms();
    const given = expect(read).rejects.toMatchObject({ status: 0 });
    await vi.advanceTimersByTimeAsync(15_000);
    await given;
    expect(session.reachable.value).toBe(false);
    door.dead = false;
    await vi.advanceTimersByTimeAsync(8000);
    expect([session.reachable.value, session.standing.value]).toEqual([true, 'in']);
  });

  test('a server that comes back without the session asks to sign in over the page', async () => {
    door.away = true;
    await expect(rooms()).rejects.toMatchObject({ status: 0 });
    [door.away, door.csrf] = [false, null];
    session.hurry();
    await vi.waitFor(() => expect(session.standing.value).toBe('lost'));
  });

  test.each(['signOut', 'signOutEverywhere'] as const)('%s leaves the page', async (way) => {
    await session[way]();
    expect(door.calls.at(-1)).toMatchObject({ method: 'DELETE', path: way === 'signOut' ? '/api/v1/session' : '/api/v1/sessions' });
    expect([session.standing.value, session.who.value]).toEqual(['out', null]);
  });

  test('signing out of a session that is over is no failure; of a server that is away, it is', async () => {
    door.away = true;
    await expect(session.signOut()).rejects.toMatchObject({ status: 0 });
    expect(session.standing.value).toBe('in');
    [door.away, door.csrf] = [false, null];
    await session.signOut();
    expect(session.standing.value).toBe('out');
  });
});

test('the code of a link is taken out of the address', () => {
  const shown: string[] = [];
  const place = (href: string) => ({ location: { href }, history: { state: null, replaceState: (_: unknown, __: string, url: URL) => shown.push(url.href) } }) as unknown as Window;
  expect(takeCode(place('http://h/admin?x=1#code=a.b%2Bc'))).toBe('a.b+c');
  expect(shown).toEqual(['http://h/admin?x=1']);
  expect(takeCode(place('http://h/admin#other'))).toBe('');
  expect(shown.length).toBe(1);
});
