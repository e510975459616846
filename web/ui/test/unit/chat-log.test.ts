import { describe, expect, test } from 'vitest';
import { added, changed, emptyLog, gapped, LOG_LIMIT, messageRow, nameOf, renamed, rowOf, systemRow, withdrawn, type Log, type Row } from '../../src/chat/log.ts';
import { element, message, record, statusMessage, tip } from './make.ts';

const said = (row: Row) => (row.kind === 'message' ? row.parts.map((p) => (p.kind === 'text' ? p.text : p.kind)).join('') : row.kind);
const texts = (log: Log) => log.rows.map(said);
const row = (...args: Parameters<typeof message>) => messageRow(message(...args)) as Row;
const log = (...rows: (Row | null)[]) => added(emptyLog, rows.filter((r): r is Row => r !== null));
const come = (...nicks: string[]) => rowOf(tip(1, nicks.map((nick) => ({ userID: nick, nick }))), false, emptyLog);
const crowd = (row: Row) => (row.kind === 'crowd' ? [...row.joined.map((n) => n.nick), ...row.left.map((n) => `-${n.nick}`)] : row.kind);
const go = (...nicks: string[]) => rowOf(tip(2, nicks.map((nick) => ({ userID: nick, nick }))), false, emptyLog);

describe('messages', () => {
  test('come in order, and once', () => {
    const [a, b] = [row('a'), row('b')];
    expect(texts(added(log(a, b), [b, row('c'), a]))).toEqual(['a', 'b', 'c']);
  });

  test('are bounded', () => {
    const many = log(...Array.from({ length: LOG_LIMIT + 50 }, (_, i) => row(`m${i}`)));
    expect(many.rows).toHaveLength(LOG_LIMIT);
    expect(texts(many)[0]).toBe('m50');
  });

  test('with nothing to read are left out', () => {
    expect(messageRow(element('TIMCustomElem', { data: '{"type":"x"}' }))).toBeNull();
    expect(messageRow(message('gone', { isRevoked: true, elements: [] }))).toBeNull();
  });

  test('fall back to the account where there is no nick', () => expect(messageRow(message('a', { nick: '' }))?.nick).toBe('alice'));

  test('taken back are gone, whoever said them', () => {
    const [a, b] = [message('a'), message('b')];
    expect(texts(withdrawn(log(messageRow(a), messageRow(b)), [a]))).toEqual(['b']);
    expect(texts(withdrawn(log(messageRow(a)), [message('never seen')]))).toEqual(['a']);
  });

  test('of who is called otherwise now carry the new name', () => {
    const now = renamed(log(row('a'), row('b', { from: 'bo', nick: 'Bo' })), 'alice', 'Alicia', 'https://x/a.png');
    expect(now.rows).toMatchObject([{ nick: 'Alicia', avatar: 'https://x/a.png' }, { nick: 'Bo', avatar: '' }]);
    expect(nameOf(now, 'alice')).toBe('Alicia');
    expect(nameOf(now, 'stranger')).toBe('stranger');
  });

  test('change alone', () => {
    const a = row('a');
    const now = changed(log(a, row('b')), a.key, (r) => ({ ...r, state: 'failed' }));
    expect(now.rows).toMatchObject([{ state: 'failed' }, { state: 'sent' }]);
  });
});

describe('a gap', () => {
  test('stands where messages are missing, once', () => {
    const gap = gapped(gapped(log(row('a'))));
    expect(texts(gapped(added(gap, [row('b')])))).toEqual(['a', 'gap', 'b', 'gap']);
    expect(new Set(gapped(added(gap, [row('b')])).rows.map((r) => r.key)).size).toBe(4);
  });

  test('is none where nothing was shown yet', () => expect(gapped(emptyLog).rows).toEqual([]));
});

describe('status in the chat', () => {
  test('is told when the server says it, but not that the room was made', () => {
    const made = rowOf(statusMessage(record('waiting', 1, { reason: 'created' })), false, emptyLog);
    const live = rowOf(statusMessage(record('live', 2, { reason: 'push_started' })), false, emptyLog);
    expect(made).toBeNull();
    expect(live).toMatchObject({ kind: 'status', record: { name: 'live' } });
  });

  test('is told once where the room looks to its viewers as before, or what comes is older', () => {
    const said = (...all: ReturnType<typeof record>[]) => all.map((one) => rowOf(statusMessage(one), false, emptyLog) as Row);
    const live = record('live', 2, { reason: 'push_started' });
    const paused = record('paused', 3, { reason: 'by_anchor' });
    const away = record('paused', 4, { reason: 'by_anchor', streamActive: false });
    const lost = record('paused', 6, { reason: 'push_lost' });
    const names = (rows: readonly Row[]) => rows.map((r) => (r.kind === 'status' ? r.record.version : r.kind));
    const once = added(emptyLog, said(live, paused, away));
    expect(names(once.rows)).toEqual([2, 3]);
    const again = added(once, said(record('live', 5, { reason: 'by_anchor' }), away, lost, record('live', 7, { reason: 'push_started' })));
    expect(names(again.rows)).toEqual([2, 3, 5, 6, 7]);
    expect(names(added(once, said(record('paused', 9, { reason: 'by_anchor', session: 'another' }))).rows)).toEqual([2, 3, 9]);
  });

  test('is not when somebody else does', () => expect(rowOf(statusMessage(record('ended', 2, { reason: 'by_anchor' }), 'mallory'), false, emptyLog)).toBeNull());
});

describe('who comes and goes', () => {
  test('is one line, until somebody speaks', () => {
    const all = log(come('Ana'), come('Bo'), go('Cy'), row('hello'), come('Di'));
    expect(all.rows.map(crowd)).toEqual([['Ana', 'Bo', '-Cy'], 'message', ['Di']]);
  });

  test('and goes again leaves nothing to tell', () => {
    expect(log(come('Ana'), go('Ana')).rows).toEqual([]);
    expect(log(go('Ana'), come('Ana', 'Bo')).rows.map(crowd)).toEqual([['Bo']]);
  });

  test('is told apart by account, whatever they call themselves', () => {
    const two = tip(1, [{ userID: 'u1', nick: 'Ana' }, { userID: 'u2', nick: 'Ana' }]);
    expect(log(rowOf(two, false, emptyLog), rowOf(tip(2, [{ userID: 'u1', nick: 'Ana' }]), false, emptyLog)).rows.map(crowd)).toEqual([['Ana']]);
  });
});

describe('who comes and is told late', () => {
  const at = (time: number, row: Row | null) => ({ ...row, time }) as Row;
  const says = (user: string, time: number) => at(time, row('hi', { from: user, nick: user }));
  const gives = (user: string, time: number) => at(time, rowOf(element('TIMCustomElem', { data: JSON.stringify({ type: 'gift_result', gift: { id: 'rose', name: 'Rose' }, from: { user, nick: user }, count: 1 }) }, { from: 'administrator' }), false, emptyLog));
  const order = (...rows: Row[]) => log(...rows).rows.map(crowd);

  test('came in before the first word and the first gift', () => {
    expect(order(says('Cy', 100), gives('Ana', 101), says('Bo', 102), at(103, come('Ana', 'Di')))).toEqual(['message', ['Ana', 'Di'], 'gifts', 'message']);
    expect(order(at(100, come('Cy')), says('Ana', 101), says('Ana', 102), at(103, come('Ana')))).toEqual([['Cy', 'Ana'], 'message', 'message']);
  });

  test('is told now where he spoke before he left, long ago, or before what was missed', () => {
    expect(order(says('Ana', 100), at(101, go('Ana')), says('Cy', 101), at(102, come('Ana')))).toEqual(['message', ['-Ana'], 'message', ['Ana']]);
    expect(order(says('Ana', 100), at(111, come('Ana')))).toEqual(['message', ['Ana']]);
    expect(added(gapped(log(says('Ana', 100))), [at(101, come('Ana'))]).rows.map(crowd)).toEqual(['message', 'gap', ['Ana']]);
  });
});

describe('what was done to somebody', () => {
  const acts = [
    [tip(3, [{ userID: 'bo' }]), 'act_kicked'], [tip(10, [{ userID: 'bo', duration: 60 }]), 'act_banned'], [tip(11, [{ userID: 'bo' }]), 'act_unbanned'],
    [tip(7, [{ userID: 'bo', muteTime: 60 }]), 'act_muted'], [tip(7, [{ userID: 'bo', muteTime: 0 }]), 'act_unmuted'], [tip(4, [{ userID: 'bo' }]), 'act_admin'],
  ] as const;
  test.each(acts)('is told to who keeps order, by the name used last (%#)', (message, say) => {
    const so_far = log(row('hi', { from: 'bo', nick: 'Bo' }));
    expect(rowOf(message, true, so_far)).toMatchObject({ kind: 'act', say, who: 'Bo' });
    expect(rowOf(message, false, so_far)).toBeNull();
  });

  test('of the group’s profile is told elsewhere', () => expect(rowOf(tip(6, []), true, emptyLog)).toBeNull());
});

describe('what the operator tells', () => {
  const notice = (userDefinedField: unknown) => element('TIMGroupSystemNoticeElem', { operationType: 255, userDefinedField });
  test('is a row', () => expect(systemRow(notice(' Back in five ')))?.toMatchObject({ kind: 'system', text: 'Back in five' }));
  test.each(['', '{"cmd":1}', ' [1]', undefined])('%j is not for readers', (text) => expect(systemRow(notice(text))).toBeNull());
});
