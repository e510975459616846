import { expect, test } from 'vitest';
import { added, emptyLog, LOG_LIMIT, withdrawn, type Log, type MessageRow, type Row } from '../../src/chat/log.ts';
import { isFlood, rest } from '../../src/chat/paced.ts';
import { FOLLOWED, follow, older, read, READ_MOST, STEP, unread, type View } from '../../src/chat/view.ts';

const row = (n: number): MessageRow => ({ kind: 'message', key: `m${n}`, from: 'u', nick: 'U', avatar: '', level: 0, badge: '', parts: [], time: n, own: false, state: 'sent', message: { ID: `m${n}` } as MessageRow['message'] });
const say = (log: Log, from: number, count: number): Log => added(log, Array.from({ length: count }, (_, i) => row(from + i)));
const keys = (rows: readonly Row[]): number[] => rows.map(({ key }) => Number(key.slice(1)));
const firstAndLast = (view: View): (number | undefined)[] => [keys(view.rows)[0], keys(view.rows).at(-1), view.rows.length];

test('of a full log only its end is drawn', () => {
  const log = say(emptyLog, 0, 1000);
  expect(log.rows.length).toBe(LOG_LIMIT);
  expect(log.said).toBe(1000);
  expect(firstAndLast(follow(log))).toEqual([1000 - FOLLOWED, 999, FOLLOWED]);
});

test('a reader keeps what he reads though the log drops it, and is told how much is new', () => {
  let log = say(emptyLog, 0, 100);
  let view = read(follow(log), log);
  expect(unread(view, log)).toBe(0);
  log = say(log, 100, 30);
  view = read(view, log);
  expect(firstAndLast(view)).toEqual([100 - FOLLOWED, 129, FOLLOWED + 30]);
  expect(unread(view, log)).toBe(30);
  for (let n = 130; n < 3130; n += 250) {
    log = say(log, n, 250);
    view = read(view, log);
    expect(view.rows.length).toBeLessThanOrEqual(READ_MOST);
    expect(keys(view.rows)[0]).toBe(100 - FOLLOWED);
  }
  expect(unread(view, log)).toBe(3030);
  expect(keys(view.rows)).toEqual(Array.from({ length: view.rows.length }, (_, i) => 100 - FOLLOWED + i)); // without holes
  expect(firstAndLast(follow(log))).toEqual([3130 - FOLLOWED, 3129, FOLLOWED]);
});

test('older rows come step by step, up to what is kept', () => {
  const log = say(emptyLog, 0, 200);
  let view = read(follow(log), log);
  view = older(view, log);
  expect(firstAndLast(view)).toEqual([200 - FOLLOWED - STEP, 199, FOLLOWED + STEP]);
  for (let i = 0; i < 5; i++) view = read(older(view, log), log);
  expect(firstAndLast(view)).toEqual([0, 199, 200]);
  expect(older(view, log)).toBe(view);
});

test('what is taken back goes, also when only its reader has it still', () => {
  let log = say(emptyLog, 0, 100);
  let view = read(follow(log), log);
  log = withdrawn(log, [row(60).message, row(99).message]);
  view = read(view, log);
  expect(keys(view.rows)).not.toContain(60);
  expect(keys(view.rows)).not.toContain(99);
  log = say(log, 100, 2 * LOG_LIMIT);
  view = read(view, log);
  expect(keys(view.rows)).toContain(70);
  log = withdrawn(log, [row(70).message]);
  expect(keys(read(view, log).rows)).not.toContain(70);
});

test('of a room that was entered anew nothing of before is kept', () => {
  const log = say(emptyLog, 0, 100);
  const view = read(follow(log), log);
  const anew = say(emptyLog, 95, 3);
  expect(keys(read(view, anew).rows)).toEqual([95, 96, 97]);
  expect(read(view, anew).reading).toBe(false);
});

test('single messages are drawn at once, thousands a few times a second', () => {
  expect(rest(0)).toBe(0);
  expect(rest(1)).toBeLessThan(16);
  expect(rest(500)).toBe(250);
  expect([isFlood(10), isFlood(500)]).toEqual([false, true]);
});
