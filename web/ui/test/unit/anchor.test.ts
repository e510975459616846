import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { mayPlayBack, offered } from '../../src/anchor/drive.ts';
import { columns, merged, type Sample } from '../../src/anchor/samples.ts';
import { AnchorCalls } from '../../src/anchor/calls.ts';
import { AnchorSession } from '../../src/anchor/session.ts';
import { adviceWords, chinese, refusalWords } from '../../src/anchor/words.ts';
import { setLanguage } from '../../src/i18n/index.ts';
import { secondsOf } from '../../src/lib/duration.ts';
import { Poll } from '../../src/lib/poll.ts';
import { record } from './make.ts';

const sample = (second: number, over: Partial<Sample> = {}): Sample => ({ at: new Date(1_700_000_000_000 + second * 1000).toISOString(), bitsPerSecond: 2_000_000, framesPerSecond: 30, keyframeInterval: '2s', repaired: 0, ...over });

describe('samples of a push', () => {
  test('each is there once and in order, whichever answer brought it', () => {
    const all = merged(merged([], [sample(5), sample(0)]), [sample(5), sample(10)]);
    expect(all).toEqual([sample(0), sample(5), sample(10)]);
  });

  test('what is older than fifteen minutes goes', () => {
    expect(merged([sample(0), sample(60)], [sample(920)])).toEqual([sample(60), sample(920)]);
  });

  test('a time without a push is a gap in the lines, not a line over it', () => {
    const { at, kbits, fps, keyframe } = columns([sample(0), sample(5), sample(65, { bitsPerSecond: 500_000, keyframeInterval: '1500ms' })], secondsOf);
    expect(kbits).toEqual([2000, 2000, null, 500]);
    expect(fps).toEqual([30, 30, null, 30]);
    expect(keyframe).toEqual([2, 2, null, 1.5]);
    expect(at.every((s, i) => i === 0 || s > (at[i - 1] as number))).toBe(true);
  });
});

describe('driving', () => {
  test.each([
    [record('waiting'), ['end'], true],
    [record('live'), ['pause', 'end'], false],
    [{ ...record('paused'), reason: 'push_lost' }, ['pause', 'end'], false],
    [{ ...record('paused'), reason: 'by_anchor' }, ['resume', 'end'], false],
    [record('ended'), ['reopen'], true],
    [record('playback'), ['reopen', 'end'], true],
  ])('%o offers what would not be refused', (one, acts, playback) => {
    expect(offered(one)).toEqual(acts);
    expect(mayPlayBack(one)).toBe(playback);
  });
});

describe('words', () => {
  afterEach(() => setLanguage('en'));
  // The codes stand where the API is described; a new one there needs its words here.
  const doc = readFileSync(new URL('../../../../docs/api.md', import.meta.url), 'utf8');
  const codes = (doc.split('| `severity` | `code` |')[1]?.split('\n\n')[0] ?? '').split('\n').flatMap((line) => [...(line.split('|')[2] ?? '').matchAll(/`([a-z_]+)`/g)].map((m) => m[1] as string));

  test('every advice is there in Chinese', () => {
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((code) => !(code in chinese.ADVICE))).toEqual([]);
  });

  test('the server’s own words are kept where they are better, or all there is', async () => {
    expect(adviceWords('keyframe_interval', 'Keyframes are 10.0 s apart.')).toBe('Keyframes are 10.0 s apart.');
    expect(refusalWords('expired', 'the address was good until noon')).toBe('The address was good until noon.');
    await setLanguage('zh');
    expect(refusalWords('expired', 'the address was good until noon')).toContain('过期');
    expect(refusalWords('something_new', 'it is new')).toBe('It is new.');
  });
});

describe('asking again and again', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('at its pace, one at a time, and ended by stop', async () => {
    let asked = 0;
    const took: number[] = [];
    const poll = new Poll({ ask: async () => ++asked, every: () => 1000, take: (n) => took.push(n) });
    poll.start();
    poll.start();
    await vi.advanceTimersByTimeAsync(2500);
    expect(took).toEqual([1, 2, 3]);
    poll.stop();
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toBe(3);
  });

  test('an answer to a question that was given up is not taken', async () => {
    const answers: ((n: number) => void)[] = [];
    const took: number[] = [];
    const poll = new Poll<number>({ ask: () => new Promise((resolve) => answers.push(resolve)), every: () => 1000, take: (n) => took.push(n) });
    poll.start();
    poll.now();
    answers[0]?.(1);
    answers[1]?.(2);
    await vi.advanceTimersByTimeAsync(0);
    expect(took).toEqual([2]);
    poll.stop();
  });

  test('a server that fails is asked more seldom, and the page knows', async () => {
    let asked = 0;
    let up = false;
    const poll = new Poll({ ask: async () => { asked++; if (!up) throw new Error('down'); return asked; }, every: () => 100, take: () => {} });
    poll.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(poll.failed.value).toBe(true);
    expect(asked).toBeLessThan(15);
    up = true;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(poll.failed.value).toBe(false);
    poll.stop();
  });
});

describe('a UserSig that is refused while its anchor is here', () => {
  const answers = (status: number) => async () => Response.json(status === 200 ? { users: [] } : { code: 'unauthorized' }, { status });
  const here = async () => {
    const server = { answer: answers(200) };
    const options = { host: 'http://server', fetch: () => server.answer() };
    const session = new AnchorSession(options);
    await session.signIn('mei', 'sig');
    return { server, session, calls: new AnchorCalls(() => 'sig', { ...options, onRefused: () => void session.check() }) };
  };

  test('signs them out, and says whose it was', async () => {
    const { server, session, calls } = await here();
    server.answer = answers(401);
    await expect(calls.refusals('tea')).rejects.toMatchObject({ status: 401 });
    await vi.waitFor(() => expect(session.who.value).toBe(null));
    expect(session.ended.value).toBe('mei');
    server.answer = answers(200);
    await session.signIn('mei', 'new');
    expect([session.who.value?.userSig, session.ended.value]).toEqual(['new', '']);
    session.signOut();
  });

  test('keeps who has a better one by then, or can’t reach the server', async () => {
    const { server, session } = await here();
    for (const answer of [answers(200), answers(503), async () => Promise.reject(new TypeError('away'))]) {
      server.answer = answer;
      await session.check();
      expect(session.who.value?.userID).toBe('mei');
    }
    session.signOut();
  });
});
