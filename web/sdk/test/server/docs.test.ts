// Every block of docs/sdk.md that is marked `run` runs, as a program of its own that imports the built package, and prints what the next block says.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Liveroom } from './liveroom.ts';

const page = readFileSync(new URL('../../../../docs/sdk.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/^```js run\n([\s\S]*?)^```\n\n```text\n([\s\S]*?)^```$/gm)].map(([, code, output]) => ({ code: code as string, output: output as string }));
const folder = mkdtempSync(join(tmpdir(), 'liveroom-docs-'));
let server: Liveroom;

beforeAll(async () => {
  server = await Liveroom.start('--chat-members-write', 'on', '--gift-settlement', 'free');
  await server.api('POST', '/rooms', { id: 'demo', title: 'Tea', anchor: 'anna' });
  await server.api('PUT', '/gifts/rose', { name: 'Rose', price: 100, icon: '', effect: 'float', combo: true, enabled: true, order: 1 });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(new URL('../..', import.meta.url).pathname, join(folder, 'node_modules/liveroom-sdk'));
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

test('there are examples, each with what it prints', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(3);
  expect(page.match(/^```js run$/gm)).toHaveLength(blocks.length);
});

test.each(blocks.map((block, i) => [i + 1, block] as const))('example %i', async (i, { code, output }) => {
  const program = join(folder, `example${i}.mjs`);
  const sigs = Object.fromEntries(['alice', 'anna'].map((user) => [user, server.userSig(user)]));
  writeFileSync(program, `const fetchUserSig = async (user) => (${JSON.stringify(sigs)})[user];\n${code.replaceAll('https://live.example.com', server.base)}`);
  // Node 20 has a WebSocket behind this flag; later ones have it anyway.
  const { stdout } = await promisify(execFile)(process.execPath, ['--experimental-websocket', '--no-warnings', program], { cwd: folder, timeout: 20_000 });
  expect(stdout).toBe(output);
});
