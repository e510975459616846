import { describe, expect, test } from 'vitest';
import { emptyLog, joined, LOG_LIMIT, pending, received, settled, type Log, type MessageRow } from '../../src/chat/log.ts';
import { message, record, statusMessage } from './make.ts';

const texts = (log: Log) => log.rows.map((row) => (row.kind === 'message' ? row.text : row.kind));
const own = { random: 7, from: 'me', nick: 'Me', text: 'mine', time: 1 };
const first = (log: Log) => log.rows[0] as MessageRow;

describe('messages', () => {
  test('come once, in order', () => {
    let log = received(emptyLog, [message(1, 'a'), message(2, 'b')], '');
    log = received(log, [message(2, 'b'), message(3, 'c'), message(1, 'a')], '');
    expect(texts(log)).toEqual(['a', 'b', 'c']);
    expect(log.lastSeq).toBe(3);
  });

  test('without a number (degraded room) are shown and change no number', () => {
    const log = received(received(emptyLog, [message(5, 'a')], ''), [message(0, 'b'), message(0, 'c')], '');
    expect(texts(log)).toEqual(['a', 'b', 'c']);
    expect(log.lastSeq).toBe(5);
  });

  test('are bounded', () => {
    const many = Array.from({ length: LOG_LIMIT + 50 }, (_, i) => message(i + 1, `m${i}`));
    const log = received(emptyLog, many, '');
    expect(log.rows).toHaveLength(LOG_LIMIT);
    expect(texts(log)[0]).toBe('m50');
    expect(new Set(log.rows.map((r) => r.key)).size).toBe(LOG_LIMIT);
  });

  test('keep keys apart for ever', () => {
    let log = received(emptyLog, Array.from({ length: 290 }, (_, i) => message(i + 1, 'x')), '');
    log = pending(log, own);
    log = received(log, Array.from({ length: 290 }, (_, i) => message(i + 400, 'y')), '');
    expect(new Set(log.rows.map((r) => r.key)).size).toBe(log.rows.length);
  });

  test('with nothing to read are left out', () => {
    const custom = message(1, '', { body: [{ MsgType: 'TIMCustomElem', MsgContent: { Data: '{"type":"x"}' } }] });
    expect(received(emptyLog, [custom], '').rows).toEqual([]);
  });

  test('fall back to the account where there is no nick', () => {
    expect(first(received(emptyLog, [message(1, 'a', { nick: '' })], '')).nick).toBe('alice');
  });
});

describe('status in the chat', () => {
  test('is told when the server says it', () => {
    const made = statusMessage(1, record('waiting', 1, { reason: 'created' }));
    const log = received(emptyLog, [made, statusMessage(2, record('live', 2, { reason: 'push_started' }))], '');
    expect(log.rows).toHaveLength(1);
    expect(log.rows[0]).toMatchObject({ kind: 'status', record: { name: 'live' } });
  });

  test('is not when somebody else does', () => {
    expect(received(emptyLog, [statusMessage(1, record('ended', 2, { reason: 'by_anchor' }), 'mallory')], '').rows).toEqual([]);
  });
});

describe('one’s own message', () => {
  test('is there at once and takes its number from the echo', () => {
    let log = pending(emptyLog, own);
    expect(first(log)).toMatchObject({ text: 'mine', state: 'sending', seq: 0, own: true });
    log = settled(log, 7, 'sent');
    log = received(log, [message(9, 'mine', { from: 'me', random: 7 })], 'me');
    expect(log.rows).toHaveLength(1);
    expect(first(log)).toMatchObject({ state: 'sent', seq: 9 });
    expect(log.lastSeq).toBe(9);
  });

  test('takes the text as the room delivered it', () => {
    const log = received(pending(emptyLog, own), [message(9, 'm***', { from: 'me', random: 7 })], 'me');
    expect(first(log).text).toBe('m***');
  });

  test('echoed before its answer stays sent', () => {
    let log = received(pending(emptyLog, own), [message(9, 'mine', { from: 'me', random: 7 })], 'me');
    log = settled(log, 7, 'failed', 'err_offline');
    expect(first(log).state).toBe('sent');
  });

  test('refused says why, and forgets it when tried again', () => {
    let log = settled(pending(emptyLog, own), 7, 'failed', 'err_muted');
    expect(first(log)).toMatchObject({ state: 'failed', error: 'err_muted' });
    log = settled(log, 7, 'sending');
    expect(first(log)).not.toHaveProperty('error');
  });

  test('of another device is an ordinary row, and the same random of another person is another message', () => {
    let log = received(emptyLog, [message(1, 'from my phone', { from: 'me', random: 50 })], 'me');
    expect(first(log).own).toBe(true);
    log = received(pending(log, own), [message(2, 'not mine', { from: 'alice', random: 7 })], 'me');
    expect(texts(log)).toEqual(['from my phone', 'mine', 'not mine']);
  });

  test('that failed but was delivered after all is settled by the resume', () => {
    let log = joined(emptyLog, { epoch: 'E', seq: 3, complete: true, messages: [] }, 'me');
    log = settled(pending(log, own), 7, 'failed', 'err_offline');
    log = joined(log, { epoch: 'E', seq: 4, complete: true, messages: [message(4, 'mine', { from: 'me', random: 7 })] }, 'me');
    expect(log.rows).toHaveLength(1);
    expect(first(log)).toMatchObject({ state: 'sent', seq: 4 });
  });
});

describe('joining', () => {
  const start = joined(emptyLog, { epoch: 'E', seq: 2, complete: true, messages: [message(1, 'a'), message(2, 'b')] }, '');

  test('shows history without a gap, even an incomplete one', () => {
    expect(texts(start)).toEqual(['a', 'b']);
    expect(texts(joined(emptyLog, { epoch: 'E', seq: 2, complete: false, messages: [message(2, 'b')] }, ''))).toEqual(['b']);
  });

  test('again in full has no gap', () => {
    const log = joined(start, { epoch: 'E', seq: 4, complete: true, messages: [message(3, 'c'), message(4, 'd')] }, '');
    expect(texts(log)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('again incompletely shows where something is missing', () => {
    const log = joined(start, { epoch: 'E', seq: 40, complete: false, messages: [message(40, 'z')] }, '');
    expect(texts(log)).toEqual(['a', 'b', 'gap', 'z']);
    expect(log.lastSeq).toBe(40);
  });

  test('in another epoch believes the new numbers', () => {
    const log = joined(start, { epoch: 'F', seq: 1, complete: true, messages: [message(1, 'n')] }, '');
    expect(texts(log)).toEqual(['a', 'b', 'gap', 'n']);
    expect(log).toMatchObject({ epoch: 'F', lastSeq: 1 });
    expect(texts(received(log, [message(2, 'o')], ''))).toEqual(['a', 'b', 'gap', 'n', 'o']);
  });

  test('an empty room again shows no gap', () => {
    const empty = joined(emptyLog, { epoch: 'E', seq: 0, complete: true, messages: [] }, '');
    expect(joined(empty, { epoch: 'F', seq: 0, complete: false, messages: [] }, '').rows).toEqual([]);
  });
});
