import { afterEach, expect } from 'vitest';
import { refused } from './browser.ts';

// A page that does what its content policy forbids has a fault, whatever it was tested for.
afterEach(() => expect(refused.splice(0)).toEqual([]));
