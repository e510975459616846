import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from '../browser/browser.ts';
import { House } from './house.ts';
import { chapters } from './shots.ts';

// Makes docs/tour.md and its pictures anew, each page in both themes and two widths: on a desk in English, on a phone once in
// Chinese. TOUR=live,admin-rooms makes only those. To be looked at, one by one, before they are kept.
const docs = new URL('../../../../docs', import.meta.url).pathname;
const out = join(docs, 'tour');
const only = process.env.TOUR?.split(',');
const HEIGHT = 800;
const desk = { viewport: { width: 1280, height: HEIGHT }, locale: 'en-US' };
const phone = { viewport: { width: 390, height: HEIGHT }, hasTouch: true, isMobile: true };
const looks = [
  { ...desk, colorScheme: 'light' as const },
  { ...desk, colorScheme: 'dark' as const },
  { ...phone, locale: 'en-US', colorScheme: 'light' as const },
  { ...phone, locale: 'zh-CN', colorScheme: 'dark' as const },
];

let browser: Browser;
let house: House;
let folder: string;

beforeAll(async () => {
  if (execFileSync('fc-list', [':lang=zh'], { encoding: 'utf8' }) === '') throw new Error('there is no Chinese font here: install one, such as fonts-wqy-microhei');
  folder = mkdtempSync(join(tmpdir(), 'tour-'));
  mkdirSync(out, { recursive: true });
  [house, browser] = await Promise.all([House.build(), launch()]);
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await house?.close();
  rmSync(folder, { recursive: true });
});

async function signedIn(context: BrowserContext): Promise<void> {
  const { url } = (await house.server.api('POST', '/links', { for: 'admin' })) as { url: string };
  const code = new URLSearchParams(new URL(url).hash.slice(1)).get('code');
  const answer = await context.request.post(`${house.server.base}/api/v1/session`, { data: { code, name: 'Robin' } });
  expect(answer.status()).toBe(201);
}

for (const { shots } of chapters) {
  test.each(shots.filter(({ name }) => !only || only.includes(name)))('$name', { timeout: 180_000 }, async ({ name, go }) => {
    const pictures: string[] = [];
    for (const [i, look] of looks.entries()) {
      const context = await browser.newContext(look);
      const page = await context.newPage();
      const faults: string[] = [];
      page.on('pageerror', (err) => faults.push(err.message));
      if (name.startsWith('admin')) await signedIn(context);
      await go(page, house, house.server.base);
      pictures.push(join(folder, `${name}-${i}.png`));
      await page.screenshot({ path: pictures[i] as string });
      expect(faults).toEqual([]);
      await context.close();
    }
    const gap = pictures.map((_, i) => `[${i}:v]pad=iw+16:ih:0:0:0x777777[p${i}]`).join(';');
    const side = `${gap};${pictures.map((_, i) => `[p${i}]`).join('')}hstack=inputs=${pictures.length},scale=1680:-2:flags=lanczos`;
    execFileSync('ffmpeg', ['-loglevel', 'error', '-y', ...pictures.flatMap((picture) => ['-i', picture]), '-filter_complex', side, '-c:v', 'libwebp', '-quality', '72', join(out, `${name}.webp`)]);
  });
}

test('the page of the tour', () => {
  const names = chapters.flatMap(({ shots }) => shots.map(({ name }) => name));
  if (!only) for (const file of readdirSync(out)) if (!names.includes(file.replace('.webp', ''))) rmSync(join(out, file));
  const lines = ['# A tour of the pages', '', 'Each picture shows one page on a desk by day and by night, and on a phone, the last in Chinese. They are made anew by', '`npm run tour` in `web/ui`, against a real server with real streams.', ''];
  for (const { title, shots } of chapters) {
    lines.push(`## ${title}`, '');
    for (const shot of shots) lines.push(`### ${shot.title}`, '', shot.text, '', `![${shot.title}](tour/${shot.name}.webp)`, '');
  }
  writeFileSync(join(docs, 'tour.md'), lines.join('\n'));
});
