import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Flights, MOST_ON_A_CANVAS, type Canvas } from '../../src/components/danmaku-flights.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Seen extends Canvas<string> {
  flown: string[];
  sizes: number;
  gone: boolean;
}

function sky() {
  const made: Seen[] = [];
  const picture = { crossing: 4000 };
  const flights = new Flights<string>(
    () => {
      const one: Seen = { flown: [], sizes: 0, gone: false, emit: (text) => one.flown.push(text), resize: () => one.sizes++, destroy: () => (one.gone = true) };
      made.push(one);
      return one;
    },
    () => picture.crossing,
  );
  return { flights, made, picture };
}

test('nothing is drawn before the first message, nor when the last is over the edge', () => {
  const { flights, made } = sky();
  vi.advanceTimersByTime(60_000);
  expect(made).toEqual([]);
  flights.emit('a');
  vi.advanceTimersByTime(3000);
  flights.emit('b');
  vi.advanceTimersByTime(4000);
  expect(made).toMatchObject([{ flown: ['a', 'b'], gone: false }]);
  vi.advanceTimersByTime(4000);
  expect(made).toMatchObject([{ gone: true }]);
  expect(vi.getTimerCount()).toBe(0);
  flights.emit('c');
  expect(made).toMatchObject([{ gone: true }, { flown: ['c'], gone: false }]);
});

test('a message whose picture grew while it flew comes to the edge', () => {
  const { flights, made, picture } = sky();
  flights.emit('a');
  picture.crossing = 9000;
  flights.resize();
  vi.advanceTimersByTime(8900);
  expect(made).toMatchObject([{ sizes: 1, gone: false }]);
  vi.advanceTimersByTime(1100);
  expect(made).toMatchObject([{ gone: true }]);
});

test('a room that is never silent does not fill one canvas for ever', () => {
  const { flights, made } = sky();
  for (let i = 0; i < 3 * MOST_ON_A_CANVAS; i++) {
    flights.emit(String(i));
    vi.advanceTimersByTime(100);
  }
  expect(made.map((one) => [one.flown.length, one.gone])).toEqual([
    [MOST_ON_A_CANVAS, true],
    [MOST_ON_A_CANVAS, true],
    [MOST_ON_A_CANVAS, false],
  ]);
  flights.end();
  expect(made[2]?.gone).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});
