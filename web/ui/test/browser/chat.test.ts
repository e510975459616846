import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { MockServer } from '../mock/server.ts';
import { launch, open } from './browser.ts';

let browser: Browser;
let server: MockServer;
let base: string;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
beforeEach(async () => {
  server = new MockServer();
  base = await server.listen();
  server.add('demo', 'waiting', { notice: 'be kind', online: 7 });
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await server.close();
});

const rows = (page: Page) => page.locator('[data-testid=chat-message]');
const online = (page: Page) => page.waitForSelector('[data-testid=chat][data-state=online]');

async function name(page: Page, nick: string): Promise<void> {
  await page.fill('[data-testid=nick-input]', nick);
  await page.click('[data-testid=nick-ok]');
}

test('a visitor reads at once, and is asked for a name when speaking', async () => {
  server.say('u1', 'said before', 'Ana');
  const { page, faults } = await open(browser, `${base}/rooms/demo`);
  await page.waitForSelector('text=said before');
  expect(await page.textContent('[data-testid=notice]')).toContain('be kind');
  await page.fill('[data-testid=chat-input]', 'hi <i>all</i>');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-testid=nick-dialog]');
  await name(page, 'admin');
  await page.waitForSelector('text=this name isn’t possible');
  await name(page, 'Bo');
  await page.waitForSelector('[data-testid=chat-message][data-state=sent]:has-text("hi <i>all</i>")');
  expect(await page.locator('.said i').count()).toBe(0);
  // Its own echo took the row's place.
  server.say('u1', 'welcome Bo', 'Ana');
  await page.waitForSelector('text=welcome Bo');
  expect(await rows(page).count()).toBe(3);
  // Remembered: the next visit may speak at once.
  await page.reload();
  await page.waitForSelector('[data-testid=chat-me]');
  await page.fill('[data-testid=chat-input]', 'again');
  await page.click('[data-testid=chat-send]');
  await page.waitForSelector('[data-testid=chat-message][data-state=sent]:has-text("again")');
  expect(faults).toEqual([]);
});

test('a refused message stays, with the reason in words, and can be tried again', async () => {
  const { page } = await open(browser, `${base}/rooms/demo`);
  await online(page);
  server.refuse = { code: 10017, error: 'muted' };
  await page.fill('[data-testid=chat-input]', 'let me speak');
  await page.keyboard.press('Enter');
  await name(page, 'Bo');
  await page.waitForSelector('text=Not sent: you are muted here');
  server.refuse = null;
  await page.click('[data-state=failed] button');
  await page.waitForSelector('[data-testid=chat-message][data-state=sent]');
  expect(await rows(page).count()).toBe(1);
});

test('Enter that chooses a word of an input method does not send', async () => {
  const { page } = await open(browser, `${base}/rooms/demo`);
  await online(page);
  await page.focus('[data-testid=chat-input]');
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Input.imeSetComposition', { text: 'ni', selectionStart: 2, selectionEnd: 2 });
  await cdp.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229 });
  await cdp.send('Input.insertText', { text: '你' });
  expect(await page.inputValue('[data-testid=chat-input]')).toBe('你');
  expect(await page.locator('[data-testid=nick-dialog]').count()).toBe(0);
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-testid=nick-dialog]');
});

test('a cut line comes back and brings what was missed, or says that something is missing', async () => {
  const { page } = await open(browser, `${base}/rooms/demo`);
  await online(page);
  server.say('u1', 'first', 'Ana');
  await page.waitForSelector('text=first');
  server.cutChat();
  await page.waitForSelector('[data-testid=chat][data-state=offline]');
  server.say('u1', 'second', 'Ana');
  await online(page);
  await page.waitForSelector('text=second');
  expect(await rows(page).allTextContents()).toHaveLength(2);
  expect(await page.locator('[data-testid=chat-gap]').count()).toBe(0);
  server.cutChat();
  server.say('u1', 'third', 'Ana');
  server.forgetLog();
  server.say('u1', 'fourth', 'Ana');
  await page.waitForSelector('text=fourth');
  expect(await page.locator('[data-testid=chat-gap]').count()).toBe(1);
});

test('a reader who scrolled up is left in peace and told what is new', async () => {
  for (let i = 0; i < 60; i++) server.say('u1', `line ${i}`, 'Ana');
  const { page } = await open(browser, `${base}/rooms/demo`);
  const distance = () => page.$eval('[data-testid=chat-list]', (e) => e.scrollHeight - e.scrollTop - e.clientHeight);
  await page.waitForSelector('text=line 59');
  expect(await distance()).toBeLessThanOrEqual(20);
  await page.$eval('[data-testid=chat-list]', (e) => {
    e.scrollTop = 100;
  });
  server.say('u2', 'news one', 'Bea');
  server.say('u2', 'news two', 'Bea');
  await page.waitForSelector('text=2 new messages');
  expect(await distance()).toBeGreaterThan(20);
  await page.click('[data-testid=chat-new]');
  expect(await distance()).toBeLessThanOrEqual(20);
  server.say('u2', 'pulls along', 'Bea');
  await page.waitForSelector('text=pulls along');
  expect(await distance()).toBeLessThanOrEqual(20);
});

test('count and notice change as the room says', async () => {
  const { page } = await open(browser, `${base}/rooms/demo`);
  await page.waitForSelector('[data-online="7"]');
  server.event('count', { members: 3, viewers: 1, online: 1500 });
  await page.waitForSelector('text=1,500 watching');
  server.event('notice', { notice: 'back in five' });
  await page.waitForSelector('text=back in five');
  server.event('dismissed', {});
  await page.waitForSelector('text=this chat is closed');
});
