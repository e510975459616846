import type { ChildProcess } from 'node:child_process';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launch } from '../browser/browser.ts';
import { Liveroom, push } from './server.ts';
import { Visitors } from './visitors.ts';

// What people do beside talking, in real browsers against the real program.
let server: Liveroom;
let browser: Browser;
let visitors: Visitors;
let encoder: ChildProcess | null = null;

beforeAll(async () => {
  [server, browser] = await Promise.all([Liveroom.start(), launch()]);
  visitors = new Visitors(browser);
  await server.api('PUT', '/gifts/rose', { name: 'Rose', price: 100, icon: '/gifts/rose.svg', effect: 'float', combo: true, enabled: true, order: -2 });
  await server.api('PUT', '/gifts/rocket', { name: 'Rocket', price: 99_900, icon: '/gifts/rocket.svg', effect: 'banner', combo: false, enabled: true, order: -1 });
});
afterAll(async () => {
  encoder?.kill('SIGKILL');
  await browser?.close();
  await server?.stop();
});
afterEach(async () => {
  expect(await visitors.leave()).toEqual([]);
});

async function makeRoom(id: string): Promise<void> {
  await server.api('POST', '/rooms', { id, title: id, anchor: 'anna' });
}
/** A page in a room's chat, of a user whom a site signed in, or of a stranger. */
async function visit(room: string, user = '', options: object = {}): Promise<Page> {
  const page = await visitors.open(`${server.base}/rooms/${room}${user && server.signIn(user)}`, options);
  await page.waitForSelector('[data-testid=chat][data-state=online]');
  await page.evaluate(() => {
    const passed = new Set<string>();
    new MutationObserver(() => {
      for (const { dataset } of document.querySelectorAll<HTMLElement>('[data-testid=gift-run], [data-testid=gift-banner], [data-testid=gift-stands]')) {
        passed.add([dataset.testid, dataset.gift, dataset.total, dataset.state].filter(Boolean).join(' '));
      }
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
    Object.assign(window, { passed });
  });
  return page;
}
/** What is shown for some seconds only was seen, however late one looks: the page takes note of it. */
const passed = (page: Page, what: string) => page.waitForFunction((what) => (window as unknown as { passed: Set<string> }).passed.has(what), what);
/** As fast as fingers can, and faster than a busy machine moves a mouse. */
async function clicks(page: Page, id: string, n: number): Promise<void> {
  const button = page.locator(`[data-testid=${id}]:enabled`); // its part of the page may be on its way
  await button.evaluate((el: HTMLElement, n) => {
    for (let i = 0; i < n; i++) el.click();
  }, n);
}
const seen = (page: Page, id: string, more = '') => page.waitForSelector(`[data-testid=${id}]${more}`);

test('a run of clicks is one gift for all, with its effect, in ranking and totals; who wants less movement has none', async () => {
  await makeRoom('gifts');
  const [vera, anna, still] = await Promise.all([visit('gifts', 'vera'), visit('gifts', 'anna'), visit('gifts', '', { reducedMotion: 'reduce' })]);
  await vera.click('[data-testid=gift-button]');
  await clicks(vera, 'gift-give', 25);
  await Promise.all([vera, anna, still].map((page) => passed(page, 'gift-run rose 25')));
  await Promise.all([vera, anna, still].map((page) => page.waitForSelector('[data-testid=chat-gift]:has-text("vera gave Rose"):has-text("×25")')));
  expect(await anna.locator('.chat-gift').count()).toBe(1);
  await seen(anna, 'show', '[data-shown]');
  expect(await still.locator('[data-testid=show]').count()).toBe(0);
  await vera.click('[data-testid=gift-choice][data-gift=rocket]');
  await vera.click('[data-testid=gift-give]');
  await Promise.all([anna, still].map((page) => passed(page, 'gift-banner')));
  await passed(vera, 'gift-stands accepted');
  // In the newest order of things: 25 roses and a rocket.
  await Promise.all([anna, still].map((page) => seen(page, 'ranking-button', '[data-value="102400"]')));
  await anna.click('[data-testid=ranking-button]');
  await anna.click('label:has([data-testid=ranking-all])');
  await anna.waitForSelector('[data-testid=rank][data-user=vera]:has-text("1,024")');
  // What is told is kept: a newcomer reads of it.
  await still.reload();
  await still.waitForSelector('[data-testid=chat-gift]:has-text("vera gave Rose")');
});

test('likes of one are seen as hearts and in the total of all', async () => {
  await makeRoom('likes');
  const [vera, anna] = await Promise.all([visit('likes', 'vera'), visit('likes', 'anna')]);
  await clicks(vera, 'like', 7);
  await seen(vera, 'like', '[data-likes="7"]');
  await seen(anna, 'show', '[data-shown]');
  await seen(anna, 'like', '[data-likes="7"]');
});

test('a draw: started by the anchor’s site, one click takes part, both see who won, and the seed fits', async () => {
  await makeRoom('draw');
  await server.api('POST', '/users/vera/level/adjust', { points: 1000, reason: 'a friend of the house' });
  const [vera, anna] = await Promise.all([visit('draw', 'vera'), visit('draw', 'anna')]);
  await server.api('POST', '/rooms/draw/draws', { id: 'd1', title: 'Tea for one', prize: 'a cup', trigger: { keyword: 'tea please' }, window: '10m', winners: 1 });
  await vera.click('[data-testid=draw-enter]');
  // With the level that her site gave her.
  await anna.waitForSelector('[data-testid=chat-message]:has-text("tea please") [data-testid=level]');
  await server.api('POST', '/rooms/draw/draws/d1/end', {});
  await seen(vera, 'draw-won');
  await anna.waitForSelector('[data-testid=draw-winners]:has-text("Winner: vera")');
  expect(await anna.locator('[data-testid=draw-won]').count()).toBe(0);
  await anna.click('[data-testid=draw-fair] summary');
  await seen(anna, 'draw-fits', '[data-fits=true]');
  expect(await anna.textContent('[data-testid=said]')).toContain('Tea for one');
});

test('one follows the anchor, the others are told, and it holds in the next visit', async () => {
  await makeRoom('follow');
  await server.api('PUT', '/rooms/follow/notice', { notice: JSON.stringify({ text: 'look <b>here</b>', images: ['/gifts/tea.svg'] }) });
  const [vera, anna] = await Promise.all([visit('follow', 'vera'), visit('follow', 'anna')]);
  await seen(vera, 'notice', ':has-text("look <b>here</b>")');
  await vera.waitForFunction(() => (document.querySelector<HTMLImageElement>('[data-testid=notice-picture]')?.naturalWidth ?? 0) > 0);
  await vera.click('[data-testid=follow]');
  await anna.waitForSelector('[data-testid=chat-news]:has-text("follows anna now")');
  await vera.reload();
  await seen(vera, 'follow', '[data-following=true]');
  await seen(vera, 'followers', '[data-followers="1"]');
});

test('a live that is over is looked back on', async () => {
  const vera = await visit('demo', 'vera');
  encoder = push(server.pushUrl);
  await vera.waitForSelector('html[data-status=live]');
  await vera.click('[data-testid=like]');
  await vera.click('[data-testid=gift-button]');
  await vera.click('[data-testid=gift-give]');
  await vera.waitForSelector('[data-testid=chat-gift]');
  await vera.fill('[data-testid=chat-input]', 'that was nice');
  await vera.keyboard.press('Enter');
  await vera.waitForSelector('[data-testid=chat-message][data-state=sent]');
  await server.drive('end');
  await seen(vera, 'summary');
  expect(await vera.textContent('[data-testid=sum_likes]')).toBe('Likes1');
  expect(await vera.textContent('[data-testid=sum_gifts]')).toBe('Gifts1');
  expect(await vera.locator('[data-testid=summary] [data-testid=rank]').count()).toBe(1);
  // Who comes later is shown it too.
  const late = await visit('demo');
  await seen(late, 'summary');
});
