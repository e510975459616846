import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launch } from '../browser/browser.ts';
import { Network } from './proxy.ts';
import { Liveroom } from './server.ts';
import { Visitors } from './visitors.ts';

const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

let server: Liveroom;
let browser: Browser;
let network: Network;
let visitors: Visitors;
let room = '';
let rooms = 0;

beforeAll(async () => {
  [server, browser] = await Promise.all([Liveroom.start(), launch()]);
  network = await Network.to(server.base);
  visitors = new Visitors(browser);
});
afterAll(async () => {
  await browser?.close();
  network?.close();
  await server?.stop();
});
beforeEach(async () => {
  room = `talk${++rooms}`;
  await server.api('POST', '/rooms', { id: room, title: room, anchor: 'anna' });
});
afterEach(async () => {
  network.noUpgrade = false;
  expect(await visitors.leave()).toEqual([]);
});

/** A page in the room's chat, of a user whom a site signed in, or of a stranger. */
async function visit(user = '', base = server.base): Promise<Page> {
  const page = await visitors.open(`${base}/rooms/${room}${user && server.signIn(user)}`);
  await online(page);
  await page.evaluate(() => Object.assign(window, { first: true }));
  return page;
}
const online = (page: Page) => page.waitForSelector('[data-testid=chat][data-state=online]');
const away = (page: Page) => page.waitForSelector('[data-testid=chat]:not([data-state=online])');
const out = (page: Page, why: string) => page.waitForSelector(`[data-testid=chat-out][data-why=${why}]`);
const input = (page: Page) => page.locator('[data-testid=chat-input]');
const enabled = (page: Page) => page.waitForSelector('[data-testid=chat-input]:enabled');
const disabled = (page: Page) => page.waitForSelector('[data-testid=chat-input]:disabled');
const heard = (page: Page, text: string) => page.waitForSelector(`.said:text-is("${text}")`);
const all = (page: Page) => page.locator('.said').allTextContents();
const reloaded = (page: Page) => page.evaluate(() => !('first' in window));

async function say(page: Page, text: string): Promise<void> {
  await input(page).fill(text);
  await page.keyboard.press('Enter');
  await page.waitForSelector(`[data-testid=chat-message][data-state=sent] .said:text-is("${text}")`);
}
/** Says it as the site's backend does. */
const announce = (from: string, text: string) =>
  server.api('POST', `/rooms/${room}/messages`, { from, body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: text } }] });

/** Takes a name, as who is asked for one. */
async function takeName(page: Page, nick: string, text: string): Promise<void> {
  await input(page).fill(text);
  await page.keyboard.press('Enter');
  await page.fill('[data-testid=nick-input]', nick);
  await page.click('[data-testid=nick-ok]');
  await page.waitForSelector(`[data-testid=chat-message][data-state=sent] .said:text-is("${text}")`);
}
const guestOf = (context: BrowserContext) =>
  context.pages()[0]?.evaluate(() => (JSON.parse(localStorage.getItem('liveroom.guest') ?? '{}') as { userId: string }).userId) as Promise<string>;

test('two browsers chat, and what the anchor takes back disappears in the other', async () => {
  const [anna, bo] = await Promise.all([visit('anna'), visit()]);
  await takeName(bo, 'Bo', 'hello from Bo');
  await heard(anna, 'hello from Bo');
  await say(anna, 'welcome');
  await heard(bo, 'welcome');
  expect(await bo.locator('[data-testid=chat-message]', { hasText: 'welcome' }).locator('[data-testid=chat-more]').count()).toBe(0);
  await say(bo, 'a slip');
  await heard(anna, 'a slip');
  await bo.hover('.said:text-is("a slip")');
  await bo.locator('[data-testid=chat-message]', { hasText: 'a slip' }).locator('[data-testid=chat-more]').click();
  await bo.waitForSelector('[data-testid=moderate-recall]');
  expect(await bo.locator('[data-testid=moderate] [data-testid^=moderate-]').count()).toBe(1);
  await bo.click('[data-testid=moderate-recall]');
  await Promise.all([anna, bo].map((page) => page.waitForSelector('.said:text-is("a slip")', { state: 'detached' })));
  await anna.hover('.said:text-is("hello from Bo")');
  await anna.locator('[data-testid=chat-message]', { hasText: 'hello from Bo' }).locator('[data-testid=chat-more]').click();
  await anna.click('[data-testid=moderate-recall]');
  await Promise.all([anna, bo].map((page) => page.waitForSelector('.said:text-is("hello from Bo")', { state: 'detached' })));
  expect([await all(anna), await all(bo)]).toEqual([['welcome'], ['welcome']]);
});

test('a mute disables the input without reload and holds over one; lifting it enables', async () => {
  const vera = await visit('vera');
  await input(vera).fill('half a sen');
  await server.api('PUT', `/rooms/${room}/mutes/vera`, { duration: '10m' });
  await disabled(vera);
  expect(await vera.textContent('[data-testid=chat-bar]')).toMatch(/muted until .*\d:\d\d$/);
  await vera.reload();
  await disabled(vera);
  await vera.evaluate(() => Object.assign(window, { first: true }));
  await server.api('DELETE', `/rooms/${room}/mutes/vera`);
  await enabled(vera);
  await server.api('PATCH', `/rooms/${room}/chat`, { muteAll: true });
  await disabled(vera);
  await server.api('PATCH', `/rooms/${room}/chat`, { muteAll: false });
  await enabled(vera);
  expect(await reloaded(vera)).toBe(false);
});

test('who is kicked may come back; who is banned stays out, after a reload and in a new tab, until it is lifted', async () => {
  const page = await visit();
  const context = page.context();
  await takeName(page, 'Bo', 'hello');
  const bo = await guestOf(context);
  await server.api('POST', `/rooms/${room}/kicks`, { users: [bo], reason: 'a break' });
  await out(page, 'kicked');
  expect(await page.textContent('[data-testid=chat-out]')).toContain('a break');
  await page.click('[data-testid=chat-back]');
  await online(page);
  expect(await all(page)).toEqual(['hello']);
  await server.api('PUT', `/rooms/${room}/bans/${bo}`, {});
  await out(page, 'banned');
  await page.reload();
  await out(page, 'banned');
  const tab = await context.newPage();
  await tab.goto(`${server.base}/rooms/${room}`);
  await out(tab, 'banned');
  await server.api('DELETE', `/rooms/${room}/bans/${bo}`);
  await page.reload();
  await online(page);
  await say(page, 'back again');
});

test('slow mode counts down, keeps the text, and lets it through when it is over', async () => {
  await server.api('PATCH', `/rooms/${room}/chat`, { slowMode: '3s' });
  const [vera, anna] = await Promise.all([visit('vera'), visit('anna')]);
  const counts = vera.waitForSelector('[data-testid=chat-send]:not([data-wait="0"])'); // which passes by
  await say(vera, 'first');
  await counts;
  await input(vera).fill('second');
  await vera.waitForSelector('[data-testid=chat-send][data-wait="0"]:enabled');
  await vera.keyboard.press('Enter');
  await heard(anna, 'second');
  for (const text of ['free', 'as a bird']) await say(anna, text);
});

test('two tabs of one guest are one person, and each has every message once', async () => {
  const one = await visit();
  await takeName(one, 'Bo', 'from the first');
  const two = await one.context().newPage();
  await two.goto(`${server.base}/rooms/${room}`);
  await online(two);
  await heard(two, 'from the first');
  await say(two, 'from the second');
  await heard(one, 'from the second');
  expect([await all(one), await all(two)]).toEqual([['from the first', 'from the second'], ['from the first', 'from the second']]);
  expect(await two.locator('.chat-own').count()).toBe(2);
  const bo = await guestOf(one.context());
  await server.api('PUT', `/rooms/${room}/mutes/${bo}`, { duration: '1h' });
  await Promise.all([disabled(one), disabled(two)]);
});

test('one room at a time: the other tab is told, and may come back', async () => {
  const vera = await visit('vera');
  const first = room;
  room = `talk${++rooms}`;
  await server.api('POST', '/rooms', { id: room, title: room, anchor: 'anna' });
  const other = await visit('vera');
  await out(vera, 'joined_elsewhere');
  await vera.click('[data-testid=chat-back]');
  await online(vera);
  await out(other, 'joined_elsewhere');
  room = first;
  await say(vera, 'here again');
});

test('a picture goes up, is seen by all, and is gone when it is taken back', async () => {
  const [vera, anna, guest] = await Promise.all([visit('vera'), visit('anna'), visit()]);
  expect(await guest.locator('[data-testid=chat-picture-button]').count()).toBe(0);
  await vera.setInputFiles('[data-testid=chat-file]', { name: 'pixel.png', mimeType: 'image/png', buffer: PIXEL });
  await vera.waitForSelector('[data-testid=chat-message][data-state=sent] a.chat-picture');
  const seen = () => document.querySelector<HTMLImageElement>('[data-testid=chat-picture]')?.naturalWidth === 1;
  await Promise.all([anna, guest].map((page) => page.waitForFunction(seen)));
  const address = (await anna.getAttribute('a.chat-picture', 'href')) ?? '';
  expect((await fetch(address)).status).toBe(200);
  await anna.hover('[data-testid=chat-message]');
  await anna.click('[data-testid=chat-more]');
  await anna.click('[data-testid=moderate-recall]');
  await Promise.all([vera, anna, guest].map((page) => page.waitForSelector('[data-testid=chat-picture]', { state: 'detached' })));
  await expect.poll(async () => (await fetch(address)).status, { timeout: 30_000 }).toBe(410);
});

test('another name is in force everywhere at once, but not the host’s', async () => {
  const [anna, bo] = await Promise.all([visit('anna'), visit()]);
  await takeName(bo, 'Bo', 'hello');
  await anna.waitForSelector('.nick bdi:text-is("Bo")');
  await bo.click('[data-testid=chat-me]');
  await bo.fill('[data-testid=nick-input]', 'administrator');
  await bo.click('[data-testid=nick-ok]');
  await bo.waitForSelector('text=this name isn’t possible');
  await bo.fill('[data-testid=nick-input]', 'Robert');
  await bo.click('[data-testid=nick-ok]');
  await anna.waitForSelector('.nick bdi:text-is("Robert")');
  await bo.reload();
  await bo.waitForSelector('[data-testid=chat-me][aria-label*="Robert"]');
});

test('comings and goings, the count, the notice and what the operator tells are seen as they happen', async () => {
  const anna = await visit('anna');
  await takeName(await visit(), 'Bo', 'hello');
  await anna.waitForSelector('[data-testid=chat-crowd]:has-text("Bo came in")');
  await anna.waitForSelector('[data-testid=online][data-online="2"]');
  await server.api('PUT', `/rooms/${room}/notice`, { notice: 'Back in five' });
  await anna.waitForSelector('[data-testid=notice]:has-text("Back in five")');
  await server.api('POST', `/rooms/${room}/notifications`, { content: 'Maintenance at noon' });
  await anna.waitForSelector('[data-testid=chat-system]:has-text("Maintenance at noon")');
});

test('a page that lost its network comes back with all that it missed', async () => {
  const vera = await visit('vera', network.base);
  await announce('anna', 'before');
  await heard(vera, 'before');
  network.die();
  await vera.context().setOffline(true);
  await away(vera);
  for (const text of ['one', 'two', 'three']) await announce('anna', text);
  await input(vera).fill('said while away');
  await vera.keyboard.press('Enter');
  await vera.waitForSelector('[data-testid=chat-message][data-state=sending]');
  network.revive();
  await vera.context().setOffline(false);
  await online(vera);
  await heard(vera, 'three');
  await vera.waitForSelector('[data-testid=chat-message][data-state=sent] .said:text-is("said while away")');
  expect((await all(vera)).sort()).toEqual(['before', 'one', 'said while away', 'three', 'two']);
  expect(await vera.locator('[data-testid=chat-gap]').count()).toBe(0);
  expect(await reloaded(vera)).toBe(false);
});

test('a page that slept, its line dead meanwhile, is told all when it wakes', async () => {
  const vera = await visit('vera', network.base);
  await announce('anna', 'before');
  await heard(vera, 'before');
  const devtools = await vera.context().newCDPSession(vera);
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
  network.die();
  for (const text of ['one', 'two']) await announce('anna', text);
  await server.api('PUT', `/rooms/${room}/mutes/vera`, { duration: '1h' });
  network.revive();
  await devtools.send('Page.setWebLifecycleState', { state: 'active' });
  await heard(vera, 'two');
  expect(await all(vera)).toEqual(['before', 'one', 'two']);
  await disabled(vera);
});

test('a server that dies and comes back finds both pages again', async () => {
  const [vera, will] = await Promise.all([visit('vera'), visit('will')]);
  await say(vera, 'before');
  await heard(will, 'before');
  await server.kill();
  await Promise.all([away(vera), away(will)]);
  await input(vera).fill('said meanwhile');
  await vera.keyboard.press('Enter');
  await server.restart();
  await Promise.all([heard(will, 'said meanwhile'), vera.waitForSelector('[data-state=sent] .said:text-is("said meanwhile")')]);
  await say(will, 'after');
  await heard(vera, 'after');
  expect([await all(vera), await all(will)]).toEqual([['before', 'said meanwhile', 'after'], ['before', 'said meanwhile', 'after']]);
  expect(await Promise.all([vera, will].map(reloaded))).toEqual([false, false]);
});

test('where WebSockets do not get through the chat works, and nobody sees a difference', async () => {
  network.noUpgrade = true;
  const [vera, anna] = await Promise.all([visit('vera', network.base), visit('anna')]);
  await say(vera, 'over the other way');
  await heard(anna, 'over the other way');
  await say(anna, 'and back');
  await heard(vera, 'and back');
  expect(network.upgrades).toBeGreaterThan(0);
  expect(await vera.getAttribute('[data-testid=net-hint]', 'data-say')).toMatch(/^(net_back)?$/);
});
