import { afterEach, describe, expect, test, vi } from 'vitest';
import { detectSupport, liveCandidates, playbackCandidate, reachable, withSession } from '../../src/player/choose.ts';
import { chase, flvPolicy, widened } from '../../src/player/latency.ts';

const play = { rtmp: 'rtmp://h/live/demo', flv: 'http://h/live/demo.flv?txSecret=a', hls: 'http://h/live/demo.m3u8?txSecret=b' };

describe('ways to play live', () => {
  test.each([
    ['with MSE: FLV, then hls.js', { mse: true, nativeHls: false }, play, ['flv', 'hls']],
    ['with MSE of the iPhone’s kind: its own HLS at last', { mse: true, nativeHls: true }, play, ['flv', 'hls', 'native']],
    ['with MSE and no FLV offered', { mse: true, nativeHls: false }, { hls: play.hls }, ['hls']],
    ['without MSE: the browser’s own HLS', { mse: false, nativeHls: true }, play, ['native']],
    ['without anything', { mse: false, nativeHls: false }, play, []],
    ['without addresses', { mse: true, nativeHls: true }, {}, []],
  ])('%s', (_name, support, addresses, engines) => {
    expect(liveCandidates(addresses, support).map((c) => c.engine)).toEqual(engines);
  });
});

describe('what a browser can do', () => {
  afterEach(() => vi.unstubAllGlobals());
  const element = (says: string) => ({ createElement: () => ({ canPlayType: () => says }) });
  test.each([
    ['Chromium: what it says of HLS is not believed', { MediaSource: class {} }, 'maybe', { mse: true, nativeHls: false }],
    ['iPhone since 17.1', { ManagedMediaSource: class {} }, 'maybe', { mse: true, nativeHls: true }],
    ['an older iPhone', {}, 'maybe', { mse: false, nativeHls: true }],
    ['nothing', {}, '', { mse: false, nativeHls: false }],
  ])('%s', (_name, globals, says, want) => {
    vi.stubGlobal('document', element(says));
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
    expect(detectSupport()).toEqual(want);
  });
});

describe('playing back', () => {
  const mse = { mse: true, nativeHls: true };
  test.each([
    ['https://cdn.example/a.mp4', mse, 'native', 'https://cdn.example/a.mp4'],
    ['https://cdn.example/a.m3u8?t=1', mse, 'hls', 'https://cdn.example/a.m3u8?t=1'],
    ['https://cdn.example/a.M3U8', { mse: false, nativeHls: true }, 'native', 'https://cdn.example/a.M3U8'],
    ['https://cdn.example/a.flv', mse, 'flv', 'https://cdn.example/a.flv'],
    ['/recordings/7.mp4', mse, 'native', 'http://h:8080/recordings/7.mp4'],
  ] as const)('%s', (address, support, engine, url) => {
    expect(playbackCandidate(address, 'http://h:8080/rooms/demo', support)).toEqual({ engine, url });
  });

  test.each(['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'http://'])('%s is refused', (address) => {
    expect(playbackCandidate(address, 'http://h/', mse)).toBeNull();
  });

  test('FLV needs MSE', () => expect(playbackCandidate('/a.flv', 'http://h/', { mse: false, nativeHls: true })).toBeNull());
});

test.each([
  ['http://h/a.flv', '', 'http://h/a.flv'],
  ['http://h/a.flv', 'S 1', 'http://h/a.flv?vid=S%201'],
  ['http://h/a.flv?txSecret=x&txTime=y', 'S1', 'http://h/a.flv?txSecret=x&txTime=y&vid=S1'],
])('%s names session %j', (url, session, want) => expect(withSession(url, session)).toBe(want));

describe('addresses this page can reach', () => {
  const at = (href: string) => {
    const { protocol, hostname, port, origin } = new URL(href);
    return { protocol, hostname, port, origin };
  };
  test.each([
    ['elsewhere stays', 'http://media.example/live/a.flv?x=1', 'http://live.example/', 'http://media.example/live/a.flv?x=1'],
    ['localhost seen from elsewhere', 'http://localhost:8080/live/a.flv?x=1', 'http://192.168.1.5:9000/', 'http://192.168.1.5:9000/live/a.flv?x=1'],
    ['localhost under its other name', 'http://localhost:8080/live/a.flv', 'http://127.0.0.1:8080/', 'http://127.0.0.1:8080/live/a.flv'],
    ['another server on this machine', 'http://127.0.0.1:9999/live/a.flv', 'http://localhost:8080/', 'http://127.0.0.1:9999/live/a.flv'],
    ['http on a https page', 'http://live.example/live/a.flv?x=1', 'https://live.example/', 'https://live.example/live/a.flv?x=1'],
    ['https on a http page', 'https://cdn.example/a.flv', 'http://live.example/', 'https://cdn.example/a.flv'],
    ['relative', '/live/a.flv', 'https://live.example/', 'https://live.example/live/a.flv'],
  ])('%s', (_name, address, page, want) => expect(reachable(address, at(page))).toBe(want));
});

describe('keeping near live', () => {
  const { target, slack, jump } = flvPolicy;
  test.each([
    ['near: nothing to do', 10 - target, 1, { rate: 1, seekTo: null }],
    ['a little behind: nothing yet', 10 - target - slack / 2, 1, { rate: 1, seekTo: null }],
    ['a little behind while catching up: goes on', 10 - target - slack / 2, 1.05, { rate: 1.05, seekTo: null }],
    ['caught up: normal again', 10 - target + 0.1, 1.1, { rate: 1, seekTo: null }],
    ['behind: a little faster', 10 - target - slack - 0.5, 1, { rate: 1.05, seekTo: null }],
    ['far behind: faster', 10 - target - 2.5, 1, { rate: 1.1, seekTo: null }],
    ['too far: jumps', 10 - jump - 0.1, 1.1, { rate: 1, seekTo: 10 - target }],
    ['before the first frame: jumps', 1, 1, { rate: 1, seekTo: 10 - target }],
  ])('%s', (_name, position, rate, want) => expect(chase(position, 3, 10, rate, flvPolicy)).toEqual(want));

  test('never jumps before what there is', () => expect(chase(0, 9.5, 10, 1, flvPolicy).seekTo).toBe(9.5));
  test('never faster than a tenth', () => {
    for (let behind = 0; behind < 20; behind += 0.1) expect(chase(20 - behind, 0, 20, 1.1, flvPolicy).rate).toBeLessThanOrEqual(1.1);
  });
  test('stalls ask for more room, up to a bound', () => {
    expect(widened(flvPolicy, 0)).toEqual(flvPolicy);
    expect(widened(flvPolicy, 2).target).toBeCloseTo(target + 1.2);
    expect(widened(flvPolicy, 99).target).toBeCloseTo(target + 3);
  });
});
