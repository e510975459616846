import type { Schemas } from '../api/http.ts';

export type Kind = 'push' | 'play';

/** Where one is on the way from one key to another: nothing is begun, or encoders and backends are on the move. */
export const stepOf = (pair: Schemas['KeyPairBody']): 'rotate' | 'move' => (pair.backup ? 'move' : 'rotate');

/** Whether a text may be a key: 8 to 128 ASCII characters without blanks. */
export const mayBeKey = (text: string): boolean => /^[\x21-\x7e]{8,128}$/.test(text);
