import { expect, test } from 'vitest';
import { clockOf } from '../../src/lib/tick.ts';

test.each([[-5, '0:00'], [0, '0:00'], [0.2, '0:01'], [9, '0:09'], [750, '12:30'], [3599.5, '1:00:00'], [3723, '1:02:03']])('%d s are %s', (seconds, want) => expect(clockOf(seconds)).toBe(want));
