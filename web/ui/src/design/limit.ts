/** How long a text may be: characters as people count them, or bytes of UTF-8 as much of the server does. */
export interface Limit {
  max: number;
  unit: 'characters' | 'bytes';
}

const utf8 = new TextEncoder();

export const measure = (text: string, unit: Limit['unit']): number => (unit === 'bytes' ? utf8.encode(text).length : [...text].length);

export const tooLong = (text: string, limit: Limit): boolean => measure(text, limit.unit) > limit.max;
