import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const src = fileURLToPath(new URL('../../src', import.meta.url));
const tokens = readFileSync(join(src, 'styles/tokens.css'), 'utf8');

/** A token's colour by day and by night. */
function colour(name: string): Record<'light' | 'dark', string> {
  const value = new RegExp(`^ *--${name}: ([^;]+);`, 'm').exec(tokens)?.[1] ?? '';
  const [light = '', dark = light] = value.match(/#[0-9a-f]{6}/g) ?? [];
  return { light, dark };
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

const text = 4.5; // WCAG 2.2 AA, 1.4.3
const shape = 3; // 1.4.11
const grounds = ['ground', 'paper', 'sunk'];
const pairs: [string, string, number][] = [
  ...['ink', 'ink-2', 'link', 'good', 'warn', 'bad'].flatMap((ink) => grounds.slice(0, 2).map((on): [string, string, number] => [ink, on, text])),
  ...['ink', 'ink-2'].flatMap((ink) => ['sunk', 'mark', 'note-wash', 'good-wash', 'warn-wash', 'bad-wash'].map((on): [string, string, number] => [ink, on, text])),
  ...['good', 'warn', 'bad'].map((ink): [string, string, number] => [ink, `${ink}-wash`, text]),
  ['link', 'note-wash', text],
  ['ink', 'chosen', text],
  ['button-ink', 'button', text],
  ...['grave', 'live', 'paused', 'soon', 'replay', 'ended'].map((on): [string, string, number] => [`${on}-ink`, on, text]),
  ...['edge', 'focus'].flatMap((line) => grounds.map((on): [string, string, number] => [line, on, shape])),
  ['tc-0', 'lit', shape],
  ['lit-edge', 'paper', shape],
  ['curve', 'sunk', shape],
];

describe.each(['light', 'dark'] as const)('%s', (theme) => {
  test.each(pairs)('--%s on --%s is seen', (ink, on, least) => {
    const [a, b] = [colour(ink)[theme], colour(on)[theme]];
    expect([a, b], 'both are colours').toEqual([expect.stringMatching(/^#/), expect.stringMatching(/^#/)]);
    expect(contrast(a, b)).toBeGreaterThanOrEqual(least);
  });
});

test('every value the styles use is there', () => {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' });
  const read = (kind: RegExp) => files.filter((name) => kind.test(name)).map((name) => readFileSync(join(src, name), 'utf8')).join('\n');
  const styles = read(/\.css$/);
  const set = new Set([...styles.matchAll(/(--[\w-]+) *:/g), ...read(/\.tsx?$/).matchAll(/['"`](--[\w-]+)['"`]/g)].map((found) => found[1]));
  const used = [...styles.matchAll(/var\((--[\w-]+)/g)].map((found) => found[1] as string);
  expect([...new Set(used)].filter((name) => !set.has(name))).toEqual([]);
});
