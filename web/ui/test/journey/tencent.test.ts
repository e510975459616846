import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open } from '../browser/browser.ts';
import { Liveroom } from './server.ts';

// A page as it is written with Tencent's SDK, of which only the import was changed, on a site of its own.
const example = readFileSync(new URL('../../../sdk/examples/tencent.html', import.meta.url), 'utf8');
const IMPORT = 'https://live.example.com/sdk/liveroom.global.js';

let server: Liveroom;
let browser: Browser;
let site: Server;
let cleo: Page; // whose login is over before long

beforeAll(async () => {
  [server, browser] = await Promise.all([Liveroom.start(), launch()]);
  site = createServer((_, answer) => {
    answer.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    answer.end(example.replace(IMPORT, `${server.base}/sdk/liveroom.global.js`));
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  await server.api('POST', '/rooms', { id: 'tencent', title: 'Tea', anchor: 'anna', notice: 'be kind' });
  cleo = (await visit('cleo', {}, '25s')).page;
  await speaks(cleo, true);
});
afterAll(async () => {
  await browser?.close();
  site?.close();
  await server?.stop();
});

const userSig = (user: string, expires?: string) => new URLSearchParams(server.signIn(user, expires).slice(1)).get('sig') as string;

async function visit(user = '', more: Record<string, string> = {}, expires?: string): Promise<{ page: Page; faults: string[] }> {
  const query = new URLSearchParams({ sdkAppID: '1400000000', room: 'tencent', ...(user ? { userID: user, userSig: userSig(user, expires) } : {}), ...more });
  return open(browser, `http://127.0.0.1:${(site.address() as { port: number }).port}/?${query}`);
}

const line = (page: Page, text: string) => page.waitForSelector(`#messages li:has-text("${text}")`);
const say = async (page: Page, text: string) => {
  await page.fill('input[name=text]', text);
  await page.press('input[name=text]', 'Enter');
};
const speaks = (page: Page, may: boolean) =>
  page.waitForFunction((may) => (document.querySelector('input[name=text]') as HTMLInputElement).disabled !== may, may);

test('nothing of the page but the import is ours', () => {
  expect(example.split('\n').filter((l) => /liveroom/i.test(l))).toEqual([`    <script src="${IMPORT}"></script>`]);
});

test('two browsers chat, with nick, gift, like and face; a guest watches; mute-all, mute and kick do what they say', async () => {
  const anna = await visit('anna', { nick: 'Anna' });
  const bob = await visit('bob', { nick: 'Bob' });
  const guest = await visit();
  await bob.page.waitForSelector('#name:has-text("Tea")');
  await bob.page.waitForSelector('#notice:has-text("be kind")');
  await bob.page.waitForFunction(() => document.getElementById('status')?.textContent === 'waiting');
  await line(anna.page, 'Bob came in');

  await speaks(bob.page, true);
  await say(bob.page, 'good evening');
  await line(bob.page, 'Bob good evening');
  await line(anna.page, 'Bob good evening');
  await line(guest.page, 'Bob good evening');
  await say(anna.page, 'welcome');
  await line(bob.page, 'Anna welcome');
  expect(await bob.page.locator('#messages li:has-text("good evening")').count()).toBe(1); // not echoed
  await bob.page.click('#gift');
  await line(anna.page, 'Bob gives a rose');
  await bob.page.click('#face');
  await line(anna.page, 'Bob 😀');
  await bob.page.click('#like');
  await anna.page.waitForFunction(() => document.getElementById('likes')?.textContent === '1');
  await anna.page.waitForFunction(() => Number(document.getElementById('online')?.textContent) >= 2);
  await anna.page.waitForSelector('#members li:has-text("Anna (Owner)")');
  await speaks(guest.page, false);

  await server.api('PATCH', '/rooms/tencent/chat', { muteAll: true });
  await speaks(bob.page, false);
  await line(bob.page, 'Everybody is muted');
  await say(anna.page, 'listen');
  await line(bob.page, 'Anna listen');
  await server.api('PATCH', '/rooms/tencent/chat', { muteAll: false });
  await speaks(bob.page, true);

  await server.api('PUT', '/rooms/tencent/mutes/bob', { duration: '10m' });
  await speaks(bob.page, false);
  await line(anna.page, 'may not speak for 600 s');
  await server.api('DELETE', '/rooms/tencent/mutes/bob');
  await speaks(bob.page, true);

  await server.api('POST', '/rooms/tencent/end', { reason: 'good night' });
  await bob.page.waitForFunction(() => document.getElementById('status')?.textContent === 'ended');

  await server.api('POST', '/rooms/tencent/kicks', { users: ['bob'], reason: 'a break' });
  await bob.page.waitForSelector('dialog[open]:has-text("You were removed from the room.")');
  await line(anna.page, 'bob was sent away');
  for (const { faults } of [anna, bob, guest]) expect(faults).toEqual([]);
});

test('a login that is over is told in a dialog, and the page may log in again', async () => {
  const page = cleo;
  await page.waitForSelector('dialog[open]:has-text("Your login is over.")');
  await speaks(page, false);
  await page.click('dialog button');
  await page.fill('input[name=userID]', 'cleo');
  await page.fill('input[name=userSig]', userSig('cleo'));
  await page.click('#login button');
  await speaks(page, true);
});
