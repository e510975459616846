import { expect, test } from 'vitest';
import { callAt, candidates, completed } from '../../src/chat/calling.ts';
import { added, emptyLog, type MessageRow } from '../../src/chat/log.ts';
import { calls } from '../../src/chat/mention.ts';
import { parseFlight } from '../../src/lib/danmaku.ts';
import { lines } from '../../src/components/figures-panel.tsx';
import type { Figures } from '../../src/player/figures.ts';

const said = (n: number, from: string, nick: string): MessageRow => ({ kind: 'message', key: `m${n}`, from, nick, avatar: '', level: 0, badge: '', parts: [], time: n, own: false, state: 'sent', message: { ID: `m${n}` } as MessageRow['message'] });

test.each([
  ['hi @', 4, { from: 3, prefix: '' }],
  ['hi @an', 6, { from: 3, prefix: 'an' }],
  ['@Ana S', 6, { from: 0, prefix: 'Ana S' }],
  ['hi @an there', 6, { from: 3, prefix: 'an' }],
  ['你好@陶', 4, null], // as in an address: no space before it
  ['你好 @陶', 5, { from: 3, prefix: '陶' }],
  ['me@example.org', 14, null],
  ['5 @ 3', 5, null],
  ['nobody', 6, null],
  [`@${'x'.repeat(21)}`, 22, null],
])('in %j at %i somebody is called: %j', (text, caret, want) => expect(callAt(text, caret)).toEqual(want));

test('who spoke last comes first, then who else is here; oneself never, and nobody twice', () => {
  const log = added(emptyLog, [said(1, 'a', 'Ana'), said(2, 'b', 'Bo'), said(3, 'a', 'Ana'), said(4, 'me', 'Me')]);
  const members = [{ user: 'c', nick: 'Cy' }, { user: 'b', nick: 'Bo' }, { user: 'd', nick: 'Diana' }];
  const nicks = (prefix: string) => candidates(log, members, prefix, 'me').map(({ nick }) => nick);
  expect(nicks('')).toEqual(['Ana', 'Bo', 'Cy', 'Diana']);
  expect(nicks('an')).toEqual(['Ana', 'Diana']);
  expect(nicks('ＡＮＡ')).toEqual(['Ana', 'Diana']);
  expect(nicks('x')).toEqual([]);
  const many = Array.from({ length: 50 }, (_, i) => ({ user: `u${i}`, nick: `U${i}` }));
  expect(candidates(log, many, 'u', 'me').length).toBe(6);
});

test('a name takes the place of its beginning', () => {
  expect(completed('hi @an there', 6, 3, 'Ana Sofia')).toEqual({ text: 'hi @Ana Sofia there', caret: 14 });
  expect(completed('@', 1, 0, '陶陶')).toEqual({ text: '@陶陶 ', caret: 4 });
});

test.each([
  ['hi @Bo', 'Bo', true],
  ['@bo: yes', 'Bo', true],
  ['@Bob', 'Bo', false],
  ['@Bob and @Bo', 'Bo', true],
  ['Bo', 'Bo', false],
  ['@陶陶你好', '陶陶', true],
  ['@Ana Sofia!', 'Ana Sofia', true],
  ['@', '', false],
])('%j calls %j: %s', (text, nick, want) => expect(calls(text, nick)).toBe(want));

test.each([
  [null, { density: 'some', size: 'middle', opacity: 100 }],
  ['not JSON', { density: 'some', size: 'middle', opacity: 100 }],
  ['{"density":"few","size":"large","opacity":60}', { density: 'few', size: 'large', opacity: 60 }],
  ['{"density":"__proto__","size":5,"opacity":-1}', { density: 'some', size: 'middle', opacity: 100 }],
])('of remembered %j what makes sense is taken', (text, want) => expect(parseFlight(text)).toEqual(want));

test('the figures of a stream are told in words of people; what is not known is told as that', () => {
  const now: Figures = { at: 5000, engine: 'hls', width: 1280, height: 720, frames: 130, dropped: 2, bitsPerSecond: 2_450_000, buffer: 3.14, behind: 4.25, rate: 1.05, stalls: 1, reconnections: 0 };
  const words = Object.fromEntries(lines({ ...now, at: 3800, frames: 100 }, now));
  expect(words).toEqual({
    figures_engine: 'HLS', figures_size: '1280 × 720', figures_fps: '25', figures_rate: '2.5 Mbit/s', figures_dropped: '2 of 130', figures_buffer: '3.1 s', figures_behind: '4.3 s',
    figures_speed: '1.05 ×', figures_stalls: '1', figures_reconnections: '0',
  });
  const nothing = Object.fromEntries(lines(null, { ...now, engine: null, width: 0, height: 0, frames: 0, bitsPerSecond: null, behind: null }));
  expect([nothing.figures_engine, nothing.figures_size, nothing.figures_fps, nothing.figures_rate, nothing.figures_dropped, nothing.figures_behind]).toEqual(Array(6).fill('–'));
  expect(Object.fromEntries(lines({ ...now, at: 4000, frames: 500 }, now)).figures_fps).toBe('–'); // attached anew meanwhile
});
