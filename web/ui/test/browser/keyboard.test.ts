import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CATALOGUE } from '../mock/catalogue.ts';
import { MockServer } from '../mock/server.ts';
import { launch, open } from './browser.ts';

let browser: Browser;
let server: MockServer;
let base: string;

beforeAll(async () => {
  browser = await launch();
  server = new MockServer();
  base = await server.listen();
  server.gifts = CATALOGUE;
  server.users.set('vera', { nick: 'Vera', avatar: '', sig: 's' });
  server.users.set('alice', { nick: 'Alice', avatar: '', sig: 's' });
  server.add('demo', 'live', { title: 'Saturday pottery', online: 7 });
  server.stream.push();
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

const now = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? document.activeElement?.className ?? '');

/** Goes on with the Tab key until something has the focus, which must be seen. */
async function tabTo(page: Page, id: string, back = false): Promise<void> {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press(back ? 'Shift+Tab' : 'Tab');
    if ((await now(page)) !== id) continue;
    expect(await page.evaluate(() => (document.activeElement as Element).matches(':focus-visible')), id).toBe(true);
    return;
  }
  throw new Error(`the Tab key does not lead to ${id}`);
}
const seen = (page: Page, id: string, more = '') => page.waitForSelector(`[data-testid=${id}]${more}`);
const gone = (page: Page, id: string) => page.waitForSelector(`[data-testid=${id}]`, { state: 'detached' });

test('all of the page is used by the keyboard alone, and what opened gives the focus back', async () => {
  const { page, faults } = await open(browser, `${base}/rooms/demo#user=vera&sig=s`);
  await page.waitForSelector('[data-testid=stage][data-phase=playing]');
  await seen(page, 'gift-button');
  await seen(page, 'follow');
  await page.keyboard.press('Tab');
  expect(await now(page)).toBe('skip');

  await tabTo(page, 'unmute');
  await page.keyboard.press('Enter');
  await gone(page, 'unmute');
  await page.focus('[data-testid=chat-list]'); // its button is gone: from here back into the picture
  await tabTo(page, 'player-settings', true);
  await page.keyboard.press('Enter');
  await seen(page, 'player-panel');
  await page.keyboard.press('Space'); // the first thing in it is whether messages fly
  await seen(page, 'danmaku-switch', '[aria-pressed=false]');
  await page.keyboard.press('Escape');
  await gone(page, 'player-panel');
  expect(await now(page)).toBe('player-settings');

  for (const [button, window] of [['online', 'members'], ['share-open', 'share']] as const) {
    await tabTo(page, button);
    await page.keyboard.press('Enter');
    await seen(page, window);
    await page.keyboard.press('Escape');
    await gone(page, window);
    expect(await now(page)).toBe(button);
  }
  await tabTo(page, 'follow');
  await page.keyboard.press('Enter');
  await seen(page, 'follow', '[data-following=true]');

  await tabTo(page, 'like');
  await page.keyboard.press('Space');
  await tabTo(page, 'gift-button');
  await page.keyboard.press('Enter');
  await seen(page, 'gift-panel');
  await page.keyboard.press('ArrowRight'); // the second gift of the catalogue
  await tabTo(page, 'gift-give');
  await page.keyboard.press('Enter');
  await expect.poll(() => server.orders.length).toBe(1);
  await page.keyboard.press('Escape');
  await gone(page, 'gift-panel');
  expect(await now(page)).toBe('gift-button');
  await tabTo(page, 'ranking-button');
  await page.keyboard.press('Enter');
  await seen(page, 'ranking');
  await page.keyboard.press('Escape');
  await gone(page, 'ranking');

  await tabTo(page, 'chat-input');
  await page.keyboard.type('hello by keyboard');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-testid=chat-message][data-state=sent] >> text=hello by keyboard');
  expect(faults).toEqual([]);
  await page.context().close();
});

test('everything one can act on has a name for who does not see it', async () => {
  server.timeShift = { from: new Date(Date.now() - 600_000).toISOString(), window: '30m0s' };
  server.say('u1', 'hello', 'Ana');
  const { page } = await open(browser, `${base}/rooms/demo#user=alice&sig=s`); // the anchor: with a menu at each message
  await page.waitForSelector('[data-testid=stage][data-phase=playing]');
  await seen(page, 'shift');
  await seen(page, 'chat-more');
  await page.click('[data-testid=gift-button]');
  await seen(page, 'gift-panel');
  await page.keyboard.press('i');
  await seen(page, 'figures');
  const tree = await page.locator('body').ariaSnapshot();
  expect(tree).toContain('region "Player"');
  expect(tree).toContain('log "Messages"');
  expect(tree.split('\n').filter((line) => /^\s*- (button|link|textbox|slider|combobox|checkbox|switch|radio|option|dialog|region|group)(?! ")/.test(line))).toEqual([]);
  await page.context().close();
});
