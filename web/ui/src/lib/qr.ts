/**
 * QR codes (ISO/IEC 18004) of text in byte mode at error correction level M: a camera reads them with 15 % of the code
 * hidden. Versions 1 to 20, which is 666 bytes; addresses with their signature have about 200.
 */

/** A code: `size` modules each way, without the quiet zone of four that belongs around it. */
export interface Qr {
  size: number;
  dark(x: number, y: number): boolean;
}

/** By version: bytes of error correction in each block, and the number of blocks. */
const CORRECTION = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];
const LEVEL_M = 0; // its two bits in the format information

/** The code of a text; RangeError when it is longer than 666 bytes of UTF-8. */
export function qr(text: string): Qr {
  const bytes = new TextEncoder().encode(text);
  const version = versionFor(bytes.length);
  const grid = new Grid(version);
  grid.fill(interleaved(framed(bytes, version), version));
  const best = lightestMask(grid);
  grid.mask(best);
  grid.format(best);
  return { size: grid.size, dark: (x, y) => grid.dark(x, y) };
}

/** The dark modules as one SVG path, a unit a module, with the quiet zone: the box is `0 0 size size`. */
export function qrPath(text: string): { size: number; path: string } {
  const code = qr(text);
  let path = '';
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) {
      if (!code.dark(x, y)) continue;
      let end = x + 1;
      while (end < code.size && code.dark(end, y)) end++;
      path += `M${x + 4} ${y + 4}h${end - x}v1H${x + 4}z`;
      x = end;
    }
  }
  return { size: code.size + 8, path };
}

/** All bytes of a version, with those of error correction. */
function capacity(version: number): number {
  const align = version === 1 ? 0 : Math.floor(version / 7) + 2;
  const side = 17 + 4 * version;
  const finders = 3 * 64 + 2 * (side - 16) + 31; // with separators; timing; format information and the dark module
  // Two alignment patterns on each timing line share five modules with it; three corners have none.
  const patterns = align === 0 ? 0 : 25 * (align * align - 3) - 2 * 5 * (align - 2);
  return (side * side - finders - patterns - (version >= 7 ? 36 : 0)) >> 3;
}

const dataBytes = (version: number): number => capacity(version) - (CORRECTION[version - 1] as number) * (BLOCKS[version - 1] as number);
const countBits = (version: number): number => (version < 10 ? 8 : 16);

function versionFor(length: number): number {
  for (let version = 1; version <= BLOCKS.length; version++) {
    if (4 + countBits(version) + 8 * length <= 8 * dataBytes(version)) return version;
  }
  throw new RangeError(`a QR code holds 666 bytes at most, not ${length}`);
}

/** Mode, length, the bytes, an end, and padding up to what the version holds. */
function framed(bytes: Uint8Array, version: number): Uint8Array {
  const out = new Uint8Array(dataBytes(version));
  let at = 0;
  const put = (value: number, bits: number) => {
    for (let i = bits - 1; i >= 0; i--, at++) if ((value >> i) & 1) out[at >> 3] = (out[at >> 3] as number) | (0x80 >> (at & 7));
  };
  put(0b0100, 4);
  put(bytes.length, countBits(version));
  for (const byte of bytes) put(byte, 8);
  at = (Math.min(at + 4, 8 * out.length) + 7) >> 3; // the end is four zeros, or as many as there is room for
  for (let pad = 0xec; at < out.length; at++, pad ^= 0xec ^ 0x11) out[at] = pad;
  return out;
}

/** Splits data into blocks, the longer ones last, adds error correction to each, and deals them out byte by byte. */
function interleaved(data: Uint8Array, version: number): Uint8Array {
  const count = BLOCKS[version - 1] as number;
  const correction = CORRECTION[version - 1] as number;
  const short = Math.floor(data.length / count);
  const divisor = generator(correction);
  const blocks: Uint8Array[] = [];
  for (let i = 0, at = 0; i < count; i++) {
    const length = short + (i >= count - (data.length % count) ? 1 : 0);
    blocks.push(data.subarray(at, (at += length)));
  }
  const checks = blocks.map((block) => remainder(block, divisor));
  const out: number[] = [];
  for (let i = 0; i <= short; i++) for (const block of blocks) if (i < block.length) out.push(block[i] as number);
  for (let i = 0; i < correction; i++) for (const check of checks) out.push(check[i] as number);
  return Uint8Array.from(out);
}

/** The field with 256 elements over x⁸+x⁴+x³+x²+1: powers of two, and back. */
const POWER = new Uint8Array(255);
const LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i++, x = (x << 1) ^ (x & 0x80 ? 0x11d : 0)) {
  POWER[i] = x;
  LOG[x] = i;
}
const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : (POWER[((LOG[a] as number) + (LOG[b] as number)) % 255] as number));

/** Π (x − 2ⁱ), without its leading one. */
function generator(degree: number): number[] {
  let poly = [1];
  for (let i = 0; i < degree; i++) {
    const root = POWER[i] as number;
    poly = [...poly, 0].map((c, j) => c ^ times(poly[j - 1] ?? 0, root));
  }
  return poly.slice(1);
}

function remainder(data: Uint8Array, divisor: readonly number[]): number[] {
  const rest = divisor.map(() => 0);
  for (const byte of data) {
    const factor = byte ^ (rest.shift() as number);
    rest.push(0);
    divisor.forEach((c, i) => (rest[i] = (rest[i] as number) ^ times(c, factor)));
  }
  return rest;
}

/** What turns a module over under each of the eight masks. */
const MASKS: ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** Appends the remainder of a division over bits: how format and version are guarded. */
function guarded(value: number, poly: number, bits: number): number {
  let rest = value << bits;
  for (let i = 31 - Math.clz32(rest); i >= bits; i = 31 - Math.clz32(rest)) rest ^= poly << (i - bits);
  return (value << bits) | rest;
}

class Grid {
  readonly size: number;
  readonly #dark: Uint8Array;
  readonly #fixed: Uint8Array; // patterns, where no data goes

  constructor(version: number) {
    this.size = 17 + 4 * version;
    this.#dark = new Uint8Array(this.size ** 2);
    this.#fixed = new Uint8Array(this.size ** 2);
    const far = this.size - 7;
    for (let i = 0; i < this.size; i++) {
      this.#fix(6, i, i % 2 === 0);
      this.#fix(i, 6, i % 2 === 0);
    }
    for (const [x, y] of [[3, 3], [far + 3, 3], [3, far + 3]] as const) this.#rings(x, y, 4);
    const lines = alignments(version, this.size);
    for (const x of lines) for (const y of lines) if (!((x === 6 && y === 6) || (x === 6 && y === far) || (x === far && y === 6))) this.#rings(x, y, 2);
    this.format(0);
    if (version >= 7) this.#version(version);
  }

  dark(x: number, y: number): boolean {
    return x >= 0 && y >= 0 && x < this.size && y < this.size && this.#dark[y * this.size + x] === 1;
  }

  /** Lays the bytes into what is free: pairs of columns from the right, up and down by turns, round the timing line. */
  fill(bytes: Uint8Array): void {
    let bit = 0;
    let up = true;
    for (let right = this.size - 1; right > 0; right -= right === 8 ? 3 : 2, up = !up) {
      for (let step = 0; step < this.size; step++) {
        const y = up ? this.size - 1 - step : step;
        for (const x of [right, right - 1]) {
          const at = y * this.size + x;
          if (this.#fixed[at]) continue;
          this.#dark[at] = ((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
          bit++;
        }
      }
    }
  }

  /** Turns over what the mask says; the same again turns it back. */
  mask(n: number): void {
    const turns = MASKS[n] as (typeof MASKS)[number];
    for (let y = 0; y < this.size; y++) {
      for (let x = 0; x < this.size; x++) {
        const at = y * this.size + x;
        if (!this.#fixed[at] && turns(x, y)) this.#dark[at] = 1 - (this.#dark[at] as number);
      }
    }
  }

  /** Level and mask, twice: round the first corner, and along the other two. */
  format(mask: number): void {
    const bits = guarded((LEVEL_M << 3) | mask, 0b10100110111, 10) ^ 0b101010000010010;
    const bit = (i: number) => ((bits >> i) & 1) === 1;
    for (let i = 0; i < 15; i++) {
      this.#fix(8, i < 6 ? i : i < 8 ? i + 1 : this.size - 15 + i, bit(i));
      this.#fix(i < 8 ? this.size - 1 - i : i === 8 ? 7 : 14 - i, 8, bit(i));
    }
    this.#fix(8, this.size - 8, true);
  }

  #version(version: number): void {
    const bits = guarded(version, 0b1111100100101, 12);
    for (let i = 0; i < 18; i++) {
      const [a, b] = [Math.floor(i / 3), this.size - 11 + (i % 3)];
      this.#fix(a, b, ((bits >> i) & 1) === 1);
      this.#fix(b, a, ((bits >> i) & 1) === 1);
    }
  }

  /** A finder (radius 4, with its separator) or alignment pattern (radius 2) round a middle. */
  #rings(cx: number, cy: number, radius: number): void {
    for (let y = cy - radius; y <= cy + radius; y++) {
      for (let x = cx - radius; x <= cx + radius; x++) {
        if (x < 0 || y < 0 || x >= this.size || y >= this.size) continue;
        const ring = Math.max(Math.abs(x - cx), Math.abs(y - cy));
        this.#fix(x, y, radius === 2 ? ring !== 1 : ring !== 2 && ring !== 4);
      }
    }
  }

  #fix(x: number, y: number, dark: boolean): void {
    this.#dark[y * this.size + x] = dark ? 1 : 0;
    this.#fixed[y * this.size + x] = 1;
  }
}

/** Where alignment patterns have their middle, on either axis. */
function alignments(version: number, size: number): number[] {
  if (version === 1) return [];
  const gaps = Math.floor(version / 7) + 1;
  const step = 2 * Math.ceil((size - 13) / (2 * gaps));
  return [6, ...Array.from({ length: gaps }, (_, i) => size - 7 - (gaps - 1 - i) * step)];
}

/** The mask under which a reader is misled least, by the standard's four rules. */
function lightestMask(grid: Grid): number {
  let best = 0;
  let least = Infinity;
  for (let n = 0; n < MASKS.length; n++) {
    grid.mask(n);
    grid.format(n);
    const found = penalty(grid);
    grid.mask(n);
    if (found < least) [best, least] = [n, found];
  }
  return best;
}

function penalty(grid: Grid): number {
  const { size } = grid;
  let sum = 0;
  let dark = 0;
  for (let a = 0; a < size; a++) {
    sum += lineOf(size, (b) => grid.dark(b, a)) + lineOf(size, (b) => grid.dark(a, b));
    for (let b = 0; b < size; b++) {
      const here = grid.dark(b, a);
      if (here) dark++;
      if (a > 0 && b > 0 && here === grid.dark(b - 1, a) && here === grid.dark(b, a - 1) && here === grid.dark(b - 1, a - 1)) sum += 3;
    }
  }
  return sum + 10 * Math.floor(Math.abs((20 * dark) / size ** 2 - 10));
}

/** Five and more alike in a row, and what looks like a finder. */
function lineOf(size: number, dark: (i: number) => boolean): number {
  let sum = 0;
  let run = 1;
  let seen = dark(0) ? 1 : 0; // the last eleven modules
  for (let i = 1; i < size; i++) {
    const here = dark(i);
    run = here === dark(i - 1) ? run + 1 : 1;
    if (run >= 5) sum += run === 5 ? 3 : 1;
    seen = ((seen << 1) | (here ? 1 : 0)) & 0x7ff;
    if (i >= 10 && (seen === 0b10111010000 || seen === 0b00001011101)) sum += 40;
  }
  return sum;
}
