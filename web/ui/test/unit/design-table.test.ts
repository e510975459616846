import { describe, expect, test } from 'vitest';
import { List, type Page } from '../../src/design/list.ts';
import { inOrder, selection, sorted, turned, turnedAll } from '../../src/design/table-model.ts';
import { moved } from '../../src/design/tabs.tsx';

describe('order', () => {
  test('another column begins as it wishes, the same one turns around', () => {
    expect(sorted(null, 'a')).toEqual({ key: 'a', down: false });
    expect(sorted({ key: 'a', down: false }, 'a')).toEqual({ key: 'a', down: true });
    expect(sorted({ key: 'a', down: true }, 'a', true)).toEqual({ key: 'a', down: false });
    expect(sorted({ key: 'a', down: true }, 'b', true)).toEqual({ key: 'b', down: true });
  });

  test.each([
    [[3, 1, 2], false, [1, 2, 3]],
    [[3, 10, 2], true, [10, 3, 2]],
    [['room10', 'room9', 'Room1'], false, ['Room1', 'room9', 'room10']],
    [[null, 2, undefined, 1], false, [1, 2, null, undefined]],
    [['', 'b', 'a'], true, ['b', 'a', '']],
  ])('%j with down=%s', (rows, down, want) => expect(inOrder<unknown>(rows, (v) => v as number, down)).toEqual(want));

  test('equal ones stay as they were, either way, and the rows given are left alone', () => {
    const rows = ['b1', 'a1', 'b2', 'a2'];
    const by = (row: string) => row[0];
    expect(inOrder(rows, by, false)).toEqual(['a1', 'a2', 'b1', 'b2']);
    expect(inOrder(rows, by, true)).toEqual(['b1', 'b2', 'a1', 'a2']);
    expect(rows).toEqual(['b1', 'a1', 'b2', 'a2']);
  });
});

describe('selection', () => {
  test.each([
    [['a', 'b'], [], 'none', ['a', 'b']],
    [['a', 'b'], ['a'], 'some', ['a', 'b']],
    [['a', 'b'], ['a', 'b', 'z'], 'all', ['z']],
    [['a', 'b'], ['z'], 'none', ['z', 'a', 'b']],
    [[], ['z'], 'none', ['z']],
  ] as const)('of %j with %j is %s; all turned: %j', (keys, chosen, want, after) => {
    expect(selection(keys, new Set(chosen))).toBe(want);
    expect([...turnedAll(keys, new Set(chosen))]).toEqual(after);
  });

  test('one row turns', () => {
    const before = new Set(['a']);
    expect([[...turned('b', before)], [...turned('a', before)], [...before]]).toEqual([['a', 'b'], [], ['a']]);
  });
});

describe('keys between tabs', () => {
  test.each([
    ['ArrowRight', 2, 0],
    ['ArrowLeft', 0, 2],
    ['Home', 2, 0],
    ['End', 0, 2],
    ['x', 1, null],
  ] as const)('%s at %i leads to %j', (key, at, want) => expect(moved(key, at, 3)).toBe(want));
});

describe('a list by pages', () => {
  const pages: Record<string, Page<string>> = { '': { rows: ['a', 'b'], next: 'c2' }, c2: { rows: ['c'], next: 'c3' }, c3: { rows: ['d'], next: null } };
  const asked: string[] = [];
  const list = () => {
    asked.length = 0;
    return new List<string>(async (cursor) => {
      asked.push(cursor);
      return pages[cursor] as Page<string>;
    });
  };

  test('goes forward by cursors and back the same way', async () => {
    const all = list();
    expect([all.state, all.rows]).toEqual(['loading', null]);
    await all.first();
    expect([all.state, all.rows, all.page, all.hasPrevious, all.hasNext]).toEqual(['ready', ['a', 'b'], 1, false, true]);
    await all.next();
    await all.next();
    expect([all.rows, all.page, all.hasNext]).toEqual([['d'], 3, false]);
    await all.next(); // there is none
    await all.previous();
    expect([all.rows, all.page, all.hasNext, all.hasPrevious]).toEqual([['c'], 2, true, true]);
    await all.reload();
    await all.first();
    expect([all.page, asked]).toEqual([1, ['', 'c2', 'c3', 'c2', 'c2', '']]);
  });

  test('keeps its rows and its page when the next one can’t be had', async () => {
    let fail = false;
    const all = new List<string>((cursor) => (fail ? Promise.reject(new Error('away')) : Promise.resolve(pages[cursor] as Page<string>)));
    await all.first();
    fail = true;
    await all.next();
    expect([all.state, all.rows, all.page]).toEqual(['error', ['a', 'b'], 1]);
    expect(all.error).toMatch(/away/);
    fail = false;
    await all.reload();
    expect([all.state, all.error]).toEqual(['ready', '']);
  });

  test('an answer that is overtaken counts for nothing, also as a failure', async () => {
    const waiting: ((page: Page<string> | Error) => void)[] = [];
    const all = new List<string>((_, signal) => {
      signal.throwIfAborted();
      return new Promise((resolve, reject) => waiting.push((page) => (page instanceof Error ? reject(page) : resolve(page))));
    });
    const [slow, broken, quick] = [all.first(), all.first(), all.first()];
    waiting[2]?.({ rows: ['new'] });
    await quick;
    waiting[0]?.({ rows: ['old'] });
    waiting[1]?.(new Error('late'));
    await Promise.all([slow, broken]);
    expect([all.rows, all.state, all.error]).toEqual([['new'], 'ready', '']);
  });

  test('rows change in place', async () => {
    const all = list();
    all.update(() => ['never']); // nothing is shown yet
    await all.first();
    all.update((rows) => rows.filter((row) => row !== 'a'));
    expect(all.rows).toEqual(['b']);
  });
});
