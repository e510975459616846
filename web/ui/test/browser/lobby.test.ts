import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { MockServer } from '../mock/server.ts';
import { launch, open, violations } from './browser.ts';

let browser: Browser;
let server: MockServer;
let base: string;
const inAWhile = new Date(Date.now() + 3 * 3_600_000).toISOString();

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
beforeEach(async () => {
  server = new MockServer();
  base = await server.listen();
  server.add('tea', 'live', { title: 'Throwing a teapot', popularity: 90, online: 5, cover: `${base}/files/none.jpg` });
  server.add('chess', 'live', { title: 'Blitz', popularity: 50 });
  server.add('rail', 'paused', { title: 'Cab ride', popularity: 40 }, { reason: 'by_anchor' });
  server.add('quiz', 'waiting', { title: 'Pub quiz, round 4', scheduledAt: inAWhile });
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await server.close();
});

const cards = (page: Page) => page.$$eval('[data-testid=room-card]', (all) => all.map((card) => card.getAttribute('data-room')).join(' '));
const found = (page: Page, want: string) =>
  page.waitForFunction((want) => [...document.querySelectorAll('[data-testid=room-card]')].map((card) => card.getAttribute('data-room')).join(' ') === want, want);
const bump = (id: string, popularity: number) => server.rooms.set(id, { ...server.rooms.get(id)!, popularity });

test('rooms are found by words and by what goes on in them, from the keyboard, and the address says so', async () => {
  const { page, faults } = await open(browser, base);
  await found(page, 'tea chess rail quiz');
  await page.keyboard.press('/');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('search');
  await page.keyboard.type('BLITZ');
  await found(page, 'chess');
  expect(page.url()).toBe(`${base}/?q=BLITZ`);
  await page.waitForSelector('text=1 room found');
  await page.keyboard.type('/zebra');
  await page.waitForSelector('[data-testid=lobby-none]');
  await page.waitForSelector('text=No room fits “BLITZ/zebra”');
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await found(page, 'tea chess rail quiz');
  await page.check('[data-testid=show-onair]', { force: true });
  await found(page, 'tea chess rail');
  expect(page.url()).toBe(`${base}/?show=onair`);
  await page.clock.install();
  await page.goto(`${base}/?show=soon`);
  await found(page, 'quiz');
  // While a word is being composed nothing is looked for.
  const before = server.lists.filter((asked) => asked.includes('q=')).length;
  await page.focus('[data-testid=search]');
  await page.evaluate(() => document.activeElement?.dispatchEvent(new CompositionEvent('compositionstart', { bubbles: true })));
  await page.keyboard.type('cha');
  await page.clock.runFor(2000);
  expect(server.lists.filter((asked) => asked.includes('q=')).length).toBe(before);
  await page.evaluate(() => document.activeElement?.dispatchEvent(new CompositionEvent('compositionend', { bubbles: true })));
  await page.clock.runFor(1000);
  await page.waitForSelector('[data-testid=lobby-none]');
  expect(server.lists.filter((asked) => asked.includes('q=')).length).toBe(before + 1);
  expect(faults).toEqual([]);
});

test('what changes shows by itself, and no card leaves the pointer', async () => {
  const { page, faults } = await open(browser, base);
  await page.clock.install();
  await page.reload();
  await found(page, 'tea chess rail quiz');
  await page.evaluate(() => Object.assign(window, { notReloaded: true, moved: 0 }));
  await page.evaluate(() => new PerformanceObserver((list) => list.getEntries().forEach((e) => ((window as unknown as { moved: number }).moved += (e as unknown as { value: number }).value))).observe({ type: 'layout-shift', buffered: true }));
  await page.hover('[data-room=chess]');
  server.setStatus('tea', 'ended', 'by_anchor');
  bump('rail', 1000);
  server.add('fresh', 'live', { popularity: 5000 });
  server.rooms.get('chess')!.online = 77;
  await page.clock.runFor(10_000); // what is planned by then is asked for
  await page.waitForSelector('[data-room=tea][data-status=ended]');
  await page.waitForSelector('[data-room=chess] >> text=77 watching');
  expect(await cards(page)).toBe('tea chess rail quiz');
  await page.mouse.move(2, 2);
  await page.waitForFunction(() => document.querySelector('[data-testid=room-card]')?.getAttribute('data-room') !== 'tea');
  await page.clock.runFor(30_000);
  await page.waitForSelector('[data-room=fresh]');
  expect((await cards(page)).split(' ').slice(2)).toEqual(['rail', 'quiz', 'tea']);
  expect(await page.evaluate(() => [(window as unknown as { notReloaded: boolean }).notReloaded, (window as unknown as { moved: number }).moved < 0.1])).toEqual([true, true]);
  expect(faults).toEqual([]);
});

test('many rooms come by pages; one that is scheduled goes into a calendar; an address is shared', async () => {
  for (let i = 0; i < 1000; i++) server.add(`r${i}`, 'live', { popularity: 1000 - i });
  const { page, faults } = await open(browser, base, { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.waitForSelector('[data-room=r0]');
  await page.waitForSelector('[data-room=quiz] [data-testid=starts-in]'); // though it is on the last of the pages
  const few = await page.locator('[data-testid=room-card]').count();
  await page.click('[data-testid=more]');
  await page.waitForFunction((few) => document.querySelectorAll('[data-testid=room-card]').length > few, few);
  const download = page.waitForEvent('download');
  await page.click('[data-room=quiz] [data-testid=calendar]');
  const file = await download;
  expect(file.suggestedFilename()).toBe('quiz.ics');
  expect(readFileSync(await file.path(), 'utf8')).toContain('SUMMARY:Pub quiz\\, round 4\r\n');
  await page.hover('[data-room=quiz]');
  await page.click('[data-room=quiz] [data-testid=share]');
  await page.waitForSelector('[data-testid=toast]');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`${base}/rooms/quiz`);
  expect(faults).toEqual([]);
});

test('a list that can’t be read says so, and comes by itself', async () => {
  server.noLists = true;
  const { page } = await open(browser, base);
  await page.clock.install();
  await page.reload(); // now it has a clock that the test moves
  await page.waitForSelector('[data-state=error]');
  await page.waitForSelector('text=The list of rooms can’t be read just now');
  expect(await violations(page)).toEqual([]);
  server.noLists = false;
  await page.clock.runFor(20_000);
  await page.waitForSelector('[data-room=tea]');
});
