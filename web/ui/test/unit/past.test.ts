import type { RecordedMessage } from 'liveroom-sdk';
import { beforeEach, expect, test } from 'vitest';
import type { MessageRow } from '../../src/chat/log.ts';
import { Past, WINDOW_MS } from '../../src/chat/past.ts';
import { element, message } from './make.ts';

let said: RecordedMessage[];
let asked: string[];
let rows: MessageRow[];
let heard: string[];
let failing: boolean;
let now: number;
let past: Past;
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

beforeEach(() => {
  said = [];
  asked = [];
  rows = [];
  heard = [];
  failing = false;
  now = 0;
  past = new Past({
    async read(from, to, cursor) {
      asked.push(`${from}-${to}${cursor && ` ${cursor}`}`);
      if (failing) throw new Error('503');
      const all = said.filter(({ at }) => at >= from && at < to);
      const start = Number(cursor || 0);
      return { messages: all.slice(start, start + 100), next: all.length > start + 100 ? String(start + 100) : '' };
    },
    show: (more, anew) => (rows = anew ? more : [...rows, ...more]),
    say: (text) => heard.push(text),
    now: () => now,
  });
});

const say = (at: number, text: string) => said.push({ at, message: message(text) });
const shown = () => rows.map(({ parts }) => (parts[0]?.kind === 'text' ? parts[0].text : ''));
/** Plays from one place to another. */
async function play(from: number, to: number): Promise<void> {
  for (let at = from; at <= to; at += 250) {
    past.move(at);
    await settle();
  }
}

test('messages come once, at their time, over the edges of windows', async () => {
  for (let at = 500; at < 70_000; at += 1000) say(at, String(at));
  await play(0, 69_750);
  expect(shown()).toEqual(said.map(({ at }) => String(at)));
  expect(heard).toEqual(shown());
  expect(asked).toEqual([`0-${WINDOW_MS}`, `${WINDOW_MS}-${2 * WINDOW_MS}`, `${2 * WINDOW_MS}-${3 * WINDOW_MS}`]);
});

test('after a jump the list has what was said before the place, and nothing of it flies', async () => {
  for (let i = 0; i < 80; i++) say(40_000 + i * 100, `n${i}`);
  say(600, 'start');
  await play(0, 1000);
  past.move(45_000);
  await settle();
  past.move(45_000);
  expect(shown()).toHaveLength(50);
  expect(shown().at(-1)).toBe('n50');
  expect(heard).toEqual(['start']);
  past.move(650);
  await settle();
  past.move(700);
  expect(shown()).toEqual(['start']);
});

test('what arrives late is in the list, and does not fly', async () => {
  say(100, 'late');
  past.move(0); // it is being read
  for (let at = 250; at < 5000; at += 250) past.move(at);
  await settle();
  past.move(5000);
  expect(shown()).toEqual(['late']);
  expect(heard).toEqual([]);
});

test('a window of many is read in pages, up to a bound', async () => {
  for (let i = 0; i < 1000; i++) say(i, String(i));
  await play(0, 2000);
  expect(asked.filter((what) => what.startsWith('0-'))).toHaveLength(4);
  past.move(3000);
  expect(shown().at(-1)).toBe('399');
});

test('a server that is away is asked again, not all the time', async () => {
  failing = true;
  say(100, 'one');
  await play(0, 2000);
  expect(asked).toHaveLength(1);
  failing = false;
  now = 5000;
  await play(2250, 2500);
  expect(asked).toHaveLength(2);
  expect(shown()).toEqual(['one']);
});

test('what is made for programs is no row; a place that is none is left alone; after the end nothing comes', async () => {
  said.push({ at: 100, message: element('TIMCustomElem', { data: '{"type":"coupon"}', description: '', extension: '' }) });
  past.move(NaN);
  past.move(-1);
  expect(asked).toEqual([]);
  await play(0, 500);
  expect(rows).toEqual([]);
  say(900, 'after');
  past.stop();
  await play(500, 2000);
  expect(rows).toEqual([]);
});
