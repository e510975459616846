import { describe, expect, test } from 'vitest';
import { secondsOf } from '../../src/lib/duration.ts';
import { delayed } from '../../src/player/choose.ts';
import { chatBeside, chatOf, depth, near, recordingOf, shiftableOf } from '../../src/player/recording.ts';

test.each([
  ['90s', 90], ['1m30s', 90], ['1h2m3.5s', 3723.5], ['1.5h', 5400], ['250ms', 0.25], ['0s', 0], ['', 0], [undefined, 0], ['-5s', 0], ['5', 0], ['x5s', 0], ['5s ', 0],
])('%s is %d seconds', (length, seconds) => expect(secondsOf(length)).toBeCloseTo(seconds as number, 9));

test('a recording is what the server says of it; one that begins after its end begins at its start', () => {
  expect(recordingOf({ hls: 'h' })).toEqual({ loop: false, startAt: 0, duration: 0, mp4: '' });
  expect(recordingOf({ hls: 'h', loop: true, startAt: '10s', duration: '1m0s', mp4: 'm' })).toEqual({ loop: true, startAt: 10, duration: 60, mp4: 'm' });
  expect(recordingOf({ hls: 'h', startAt: '60s', duration: '1m0s' }).startAt).toBe(0);
});

describe('watching from earlier', () => {
  const now = Date.parse('2026-11-30T12:00:00Z');
  const shift = (from: string, window: string) => shiftableOf({ hls: 'h', from, window });
  test.each<[string, string, number, number]>([
    ['2026-11-30T11:00:00Z', '30m0s', 0, 1799],
    ['2026-11-30T11:55:00Z', '30m0s', 0, 299],
    ['2026-11-30T11:55:00Z', '30m0s', 60, 239],
    ['2026-11-30T11:59:35Z', '30m0s', 0, 0],
  ])('from %s within %s, %d s late', (from, window, delay, seconds) => {
    const s = shift(from, window);
    expect(s && depth(s, delay, now)).toBe(seconds);
  });
  test('what makes no sense is no way back', () => {
    for (const s of [null, undefined, { hls: '', from: '2026-11-30T11:00:00Z', window: '1h' }, { hls: 'h', from: 'x', window: '1h' }, { hls: 'h', from: '2026-11-30T11:00:00Z', window: '0s' }]) expect(shiftableOf(s)).toBeNull();
  });
  test('there is nothing between live and the nearest place before it', () => {
    expect([0, 14, 15, 29, 30, 83.4].map(near)).toEqual([0, 0, 30, 30, 30, 83]);
  });
  test('addresses say how long ago', () => {
    expect(delayed('http://h/a.m3u8?txTimeshift=on', 83.2)).toBe('http://h/a.m3u8?txTimeshift=on&tsDelay=83');
    expect(delayed('http://h/a.m3u8', 30)).toBe('http://h/a.m3u8?tsDelay=30');
  });
});

describe('the chat of a play session', () => {
  test('is beside its media playlist', () => expect(chatBeside('https://h/live/demo/v/SID/index.m3u8?vid=S1')).toBe('https://h/live/demo/v/SID/chat?vid=S1'));
  test('is found by the multivariant one', async () => {
    const answer = (body: string, status = 200) => (() => Promise.resolve(new Response(body, { status }))) as typeof fetch;
    expect(await chatOf('https://h/live/demo.m3u8?txSecret=x', answer('#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n\n/live/demo/v/SID/index.m3u8\n'))).toBe('https://h/live/demo/v/SID/chat');
    expect(await chatOf('https://h/live/demo.m3u8', answer('#EXTM3U\n'))).toBe('');
    expect(await chatOf('https://h/live/demo.m3u8', answer('no', 403))).toBe('');
  });
});
