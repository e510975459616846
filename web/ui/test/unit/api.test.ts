import { describe, expect, test } from 'vitest';
import { Api, ApiError } from '../../src/api/client.ts';
import { data, http } from '../../src/api/http.ts';
import { errorKey } from '../../src/chat/errors.ts';

const HOST = 'http://liveroom.test';
function api(answer: () => Response | Promise<Response>) {
  const calls: Request[] = [];
  const made = new Api((request) => {
    calls.push(request);
    return Promise.resolve(answer());
  }, HOST);
  return { made, calls, paths: () => calls.map((request) => request.url.slice(HOST.length)) };
}
const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status });

describe('calls', () => {
  test('rooms, with what is asked only', async () => {
    const { made, paths } = api(() => json({ rooms: [] }));
    await made.rooms({ limit: 48 });
    await made.rooms({ limit: 48, cursor: 'a b', status: 'live' });
    expect(paths()).toEqual(['/api/v1/rooms?limit=48', '/api/v1/rooms?limit=48&cursor=a%20b&status=live']);
  });

  test('a room’s name is one path element', async () => {
    const { made, paths } = api(() => json({}));
    await made.room('../x?y');
    expect(paths()).toEqual(['/api/v1/rooms/..%2Fx%3Fy']);
  });

  test('play addresses', async () => {
    const { made } = api(() => json({ play: { flv: 'f' }, expiresAt: '' }));
    expect(await made.play('demo')).toMatchObject({ play: { flv: 'f' } });
  });

  test('status now, and status newer than known', async () => {
    const { made, paths } = api(() => json({}));
    await made.status('demo');
    await made.status('demo', { epoch: '01J1', version: 7, waitSeconds: 30 });
    expect(paths()).toEqual(['/api/v1/rooms/demo/status', '/api/v1/rooms/demo/status?wait=30s&epoch=01J1&version=7']);
  });

  test('a guest, without cookies', async () => {
    const { made, calls } = api(() => json({ userId: 'guest_1', userSig: 's', expiresAt: '' }));
    expect((await made.guest('Bo')).userId).toBe('guest_1');
    expect(calls[0]).toMatchObject({ method: 'POST', credentials: 'omit', cache: 'no-store' });
    expect(await calls[0]?.text()).toBe('{"nick":"Bo"}');
  });

  test('who calls is said in a header', async () => {
    const { made, calls } = api(() => json({ recordings: [{ id: 'r' }] }));
    expect((await made.recording('demo', 'sig'))?.id).toBe('r');
    expect(calls[0]?.headers.get('Authorization')).toBe('Bearer sig');
  });

  test('a console’s calls carry its session and what proves that they are its own', async () => {
    let seen: Request | null = null;
    const console = http({ host: HOST, session: true, headers: () => ({ 'X-CSRF-Token': 'c' }), fetch: (request) => ((seen = request), Promise.resolve(new Response(null, { status: 204 }))) });
    expect(await data(console.DELETE('/api/v1/rooms/{room}', { params: { path: { room: 'demo' } } }))).toBeUndefined();
    expect(seen).toMatchObject({ method: 'DELETE', credentials: 'same-origin' });
    expect((seen as Request | null)?.headers.get('X-CSRF-Token')).toBe('c');
  });

  test('one that is given up is no refusal', async () => {
    const aborted = new AbortController();
    const made = new Api(async (request) => {
      request.signal.throwIfAborted();
      return new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason)));
    }, HOST);
    const asked = made.room('demo', aborted.signal);
    aborted.abort();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('refusals', () => {
  const failure = async (answer: () => Response | Promise<Response>) => {
    const { made } = api(answer);
    return made.room('demo').then(
      () => null,
      (err: unknown) => err as ApiError,
    );
  };

  test('a problem keeps its code and field', async () => {
    expect(await failure(() => json({ code: 'unknown_room', detail: 'no such room', field: 'room' }, 404))).toMatchObject({ status: 404, code: 'unknown_room', field: 'room', message: 'no such room' });
  });
  test('when it may be tried again is kept', async () => {
    expect(await failure(() => new Response('{"code":"too_many_requests"}', { status: 429, headers: { 'Retry-After': '5' } }))).toMatchObject({ code: 'too_many_requests', retryAfter: 5 });
  });
  test('a proxy’s page keeps its status', async () => {
    expect(await failure(() => new Response('<html>', { status: 502 }))).toMatchObject({ status: 502, code: 'http' });
  });
  test('no server at all', async () => {
    expect(await failure(() => Promise.reject(new TypeError('failed')))).toMatchObject({ status: 0, code: 'unreachable' });
  });
  test('an answer that is no JSON', async () => {
    expect(await failure(() => new Response('hello'))).toMatchObject({ code: 'bad_answer' });
  });

  test.each([
    [new ApiError(0, 'unreachable', ''), 'err_offline'],
    [new ApiError(429, 'too_fast', ''), 'err_fast'],
    [new ApiError(422, 'bad_parameter', '', 'nick'), 'err_nick'],
    [new ApiError(422, 'bad_parameter', '', 'body.nick'), 'err_nick'],
    [new ApiError(400, 'bad_parameter', '', 'other'), 'err_bad'],
    [new ApiError(403, 'guests_off', ''), 'err_no_guests'],
    [new ApiError(404, 'http', ''), 'err_no_guests'],
    [new ApiError(503, 'store_unavailable', ''), 'err_busy'],
    [new ApiError(418, 'teapot', ''), 'err_unknown'],
    [new Error('anything'), 'err_unknown'],
  ])('%o has words', (err, key) => expect(errorKey(err)).toBe(key));
});
