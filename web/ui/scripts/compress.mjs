// Writes a .br and a .gz beside every text file of dist/ that becomes smaller by it; the Go handler serves them as they are.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const text = new Set(['.html', '.js', '.css', '.svg', '.json', '.webmanifest', '.txt', '.ts']);

for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !text.has(extname(entry.name)) || entry.name === 'stub.html') continue;
  const path = join(entry.parentPath, entry.name);
  const body = readFileSync(path);
  const encodings = {
    '.br': brotliCompressSync(body, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
    }),
    '.gz': gzipSync(body, { level: 9 }),
  };
  for (const [suffix, packed] of Object.entries(encodings)) {
    if (packed.length < body.length) writeFileSync(path + suffix, packed);
  }
}
