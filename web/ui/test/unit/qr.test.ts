import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { qr, qrPath } from '../../src/lib/qr.ts';

/** Text of a length, over all kinds of bytes that addresses have. */
const text = (n: number) => Array.from({ length: n }, (_, i) => String.fromCharCode(33 + ((i * i * 7 + n * 13 + i) % 90))).join('');
const rows = (said: string): string[] => {
  const { size, dark } = qr(said);
  return Array.from({ length: size }, (_, y) => Array.from({ length: size }, (_, x) => (dark(x, y) ? '#' : '.')).join(''));
};

// All vectors here are what the encoder of npm's `qrcode` 1.5.4 makes; `jsqr` 1.4.0 reads every length from 0 to 666 back.
test('the smallest code is as another encoder makes it', () => {
  expect(rows('liveroom')).toEqual([
    '#######..#.#..#######',
    '#.....#..#....#.....#',
    '#.###.#.#.#...#.###.#',
    '#.###.#.#.#...#.###.#',
    '#.###.#.#.###.#.###.#',
    '#.....#.##..#.#.....#',
    '#######.#.#.#.#######',
    '........#####........',
    '#.#####..#..#.#####..',
    '#..#.#.##.#.#####...#',
    '##.##.######.#...###.',
    '##.#.#..........###..',
    '....###..###....##.##',
    '........#.#########.#',
    '#######.....#.#....#.',
    '#.....#.#######.###..',
    '#.###.#.###.#...#...#',
    '#.###.#.#.#.#..####..',
    '#.###.#.##.#.#...##..',
    '#.....#..#.....####..',
    '#######.##.#.#.#.#.#.',
  ]);
});

test.each([
  ['a link', 'https://example.org/rooms/demo', 3, 'f5d6329981a4ba2cb61cc8cf8f726a4c'],
  ['Chinese', '直播间 ● demo', 2, '10251f0f65b6a611eb49c9480562c329'],
  ['a push address', 'rtmp://live.example.org/live/demo?txSecret=0123456789abcdef0123456789abcdef&txTime=6750A1FF', 6, '491171f704166bead2f69102f5cab186'],
  ['one byte', text(1), 1, '640034a1597ec0162ed4bec7dbbc6cf0'],
  ['all that version 1 holds', text(14), 1, 'cab58bf741e5e64c6c5df9604ea10268'],
  ['one byte more', text(15), 2, '1c3a24b45408c841d3478d611e5c7dd9'],
  ['the first with its version written in', text(122), 7, 'dee633059bd96e64df24589f1bc9fff4'],
  ['all that a length of eight bits reaches', text(180), 9, '2e6f89299605f758de7d96fe2ea7ca91'],
  ['the first with a length of sixteen', text(181), 10, 'e9debcff6205071ef9368626c8cc43c6'],
  ['uneven blocks', text(412), 15, '7c4477f86de9bd2fff4a70682cdeebad'],
  ['the longest', text(666), 20, '6266f40df1e7666e7a377f9c625d9995'],
])('%s is as another encoder makes it', (_, said, version, hash) => {
  const all = rows(said);
  expect(all.length).toBe(17 + 4 * version);
  const bits = all.join('').replaceAll('#', '1').replaceAll('.', '0');
  expect(createHash('sha256').update(bits).digest('hex').slice(0, 32)).toBe(hash);
});

test('what does not fit is refused', () => {
  expect(() => qr(text(667))).toThrow(RangeError);
  expect(() => qr('直'.repeat(223))).toThrow('not 669');
});

test('as a path it is the same, inside its quiet zone', () => {
  const { size, path } = qrPath('liveroom');
  expect(size).toBe(21 + 8);
  const painted = Array.from({ length: size }, () => Array<string>(size).fill('.'));
  for (const [, x, y, w] of path.matchAll(/M(\d+) (\d+)h(\d+)v1H\d+z/g)) (painted[Number(y)] as string[]).fill('#', Number(x), Number(x) + Number(w));
  expect(painted.map((row) => row.join('')).slice(4, -4).map((row) => row.slice(4, -4))).toEqual(rows('liveroom'));
  expect(painted.flat().filter((c) => c === '#').length).toBe(rows('liveroom').join('').replaceAll('.', '').length);
});
