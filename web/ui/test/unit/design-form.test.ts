import { describe, expect, test } from 'vitest';
import { ApiError } from '../../src/api/http.ts';
import { errorWords } from '../../src/design/errors.ts';
import { Form } from '../../src/design/form.ts';
import { measure, tooLong } from '../../src/design/limit.ts';

const empty = { title: '', history: '20', owner: '' };

function form(refusal?: unknown, more: Partial<ConstructorParameters<typeof Form<typeof empty>>[0]> = {}) {
  const sent: (typeof empty)[] = [];
  const made = new Form({
    initial: empty,
    save: async (values) => {
      sent.push(values);
      if (refusal) throw refusal;
    },
    ...more,
  });
  for (const name of Object.keys(empty)) made.field(name as keyof typeof empty); // drawn
  return { made, sent };
}

describe('a form', () => {
  test('sends what is in it and holds that as saved', async () => {
    const { made, sent } = form();
    made.field('title').onValue('Tea');
    expect(made.changed).toBe(true);
    expect(await made.submit()).toBe(true);
    expect(sent).toEqual([{ title: 'Tea', history: '20', owner: '' }]);
    expect(made.changed).toBe(false);
  });

  test('compares with what was saved last, and checks and sends as its component does now', async () => {
    const seen: string[] = [];
    const made = new Form({ initial: empty, save: async () => void seen.push('of before') });
    made.follow({ initial: empty, save: async (values, before) => void seen.push(`${before.title}>${values.title}`) });
    for (const title of ['Tea', '']) {
      made.set('title', title);
      await made.submit();
    }
    expect(seen).toEqual(['>Tea', 'Tea>']);
  });

  test('takes what somebody else saved, and nothing over what is being written', () => {
    const { made } = form();
    made.take({ ...empty, title: 'Theirs' });
    expect([made.values.title, made.changed]).toEqual(['Theirs', false]);
    made.set('title', 'Mine');
    made.take({ ...empty, title: 'Theirs again' });
    expect(made.values.title).toBe('Mine');
  });

  test('is not sent while what it checks itself is at fault', async () => {
    const { made, sent } = form(undefined, { check: ({ title }) => (title ? {} : { title: 'Give it a title.' }) });
    expect(await made.submit()).toBe(false);
    expect([sent.length, made.field('title').error]).toEqual([0, 'Give it a title.']);
    made.field('title').onValue('Tea');
    expect(made.field('title').error).toBe('');
    expect(await made.submit()).toBe(true);
  });

  test.each([
    ['title', 'title'],
    ['settings.history', 'history'],
    ['rooms[2].title', 'title'],
    ['body.title[0]', 'title'],
    ['anchor', 'owner'],
  ] as const)('a refusal of %s is told at %s', async (field, at) => {
    const { made } = form(new ApiError(422, 'bad_parameter', 'too long', field), { names: { anchor: 'owner' } });
    expect(await made.submit()).toBe(false);
    expect([made.field(at).error, made.error]).toEqual(['Too long.', '']);
  });

  test.each([[''], ['elsewhere'], ['toString'], ['constructor']])('one of %j is told at the form', async (field) => {
    const { made } = form(new ApiError(409, 'settings_changed', 'somebody changed them', field));
    await made.submit();
    expect(made.error).toBe('Somebody changed them.');
    expect(Object.keys(empty).map((name) => made.field(name as keyof typeof empty).error)).toEqual(['', '', '']);
  });

  test('one of a field that is not drawn is told at the form', async () => {
    const made = new Form({ initial: empty, save: () => Promise.reject(new ApiError(422, 'bad_parameter', 'too long', 'history')) });
    made.field('title');
    await made.submit();
    expect([made.error, made.field('history').error]).toEqual(['Too long.', '']);
  });

  test('keeps what was typed when the server is away, and may be sent again', async () => {
    let away = true;
    const { made } = form(undefined, { save: () => (away ? Promise.reject(new ApiError(0, 'unreachable', '')) : Promise.resolve()) });
    made.field('title').onValue('Tea');
    expect(await made.submit()).toBe(false);
    expect([made.error, made.values.title, made.busy]).toEqual([errorWords(new ApiError(0, 'unreachable', '')), 'Tea', false]);
    away = false;
    expect(await made.submit()).toBe(true);
    expect(made.error).toBe('');
  });

  test('is sent once however often it is pressed', async () => {
    let done = () => {};
    let calls = 0;
    const { made } = form(undefined, {
      save: () => {
        calls++;
        return new Promise<void>((resolve) => (done = resolve));
      },
    });
    const first = made.submit();
    expect([made.busy, await made.submit(), calls]).toEqual([true, false, 1]);
    done();
    expect([await first, made.busy]).toEqual([true, false]);
  });

  test('what is typed while it is sent is not taken for saved', async () => {
    let done = () => {};
    const { made } = form(undefined, { save: () => new Promise<void>((resolve) => (done = resolve)) });
    const first = made.submit();
    made.field('title').onValue('More');
    done();
    await first;
    expect([made.changed, made.values.title]).toEqual([true, 'More']);
  });

  test('its own words go before the usual ones', async () => {
    const { made } = form(new ApiError(409, 'room_exists', 'exists', 'title'), { words: (err) => (err instanceof ApiError && err.code === 'room_exists' ? 'Taken.' : '') });
    await made.submit();
    expect(made.field('title').error).toBe('Taken.');
  });
});

describe('a failure in words', () => {
  test.each([
    [new ApiError(0, 'unreachable', ''), /can’t be reached/],
    [new ApiError(401, 'unauthorized', 'token'), /not signed in/],
    [new ApiError(403, 'csrf', 'the header is missing'), /not allowed here: the header is missing/],
    [new ApiError(429, 'too_many', ''), /Too often/],
    [new ApiError(503, 'store', 'Redis is away'), /could not do it: Redis is away/],
    [new ApiError(404, 'unknown_room', 'no such room'), /^No such room\.$/],
    [new ApiError(409, 'bare', ''), /^Bare\.$/],
    [new Error('boom'), /boom/],
    ['?', /^That did not work\.$/],
  ])('%s', (err, want) => expect(errorWords(err)).toMatch(want));
});

test.each([
  ['abc', 3, 3],
  ['茶', 1, 3],
  ['👍🏽', 2, 8],
  ['', 0, 0],
])('%j is %i characters and %i bytes', (text, characters, bytes) => {
  expect([measure(text, 'characters'), measure(text, 'bytes')]).toEqual([characters, bytes]);
  expect([tooLong(text, { max: bytes, unit: 'bytes' }), tooLong(`${text}x`, { max: bytes, unit: 'bytes' })]).toEqual([false, true]);
});
