import type { ChildProcess } from 'node:child_process';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, violations } from '../browser/browser.ts';
import { away, Network } from './proxy.ts';
import { Liveroom, push } from './server.ts';

let server: Liveroom;
let browser: Browser;
let network: Network;
const pushes: ChildProcess[] = [];

beforeAll(async () => {
  [server, browser] = await Promise.all([Liveroom.start(), launch()]);
  network = await Network.to(server.base);
});
afterAll(async () => {
  for (const one of pushes) one.kill('SIGKILL');
  await browser?.close();
  network?.close();
  await server?.stop();
});

const desk = (page: Page, scene: string) => page.waitForSelector(`[data-testid=desk][data-scene=${scene}]`);
const status = (name: string) => expect.poll(async () => (await server.status()).name, { timeout: 60_000 }).toBe(name);
const online = (page: Page) => page.waitForSelector('[data-testid=chat][data-state=online]');

test('an anchor opens a link, pushes, keeps order and goes home', { timeout: 300_000 }, async () => {
  // By a link that is good once; the page is behind a network that will fail.
  const link = (await server.api('POST', '/links', { for: 'anchor', room: 'demo' })) as { url: string };
  const code = new URL(link.url).hash;
  const { page, faults } = await open(browser, `${network.base}/anchor${code}`, { viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  await desk(page, 'waiting');
  expect(page.url()).not.toContain('code=');
  await online(page);
  expect(await violations(page)).toEqual([]);
  const second = await open(browser, `${server.base}/anchor${code}`);
  await second.page.waitForSelector('[data-testid=link-error]');
  expect(await violations(second.page)).toEqual([]);
  await second.page.context().close();

  // A push that is not let in says why, one with the address that stands there is on air.
  const address = await page.inputValue('[data-testid=push-address-value]');
  const refused = push(address.replace(/txSecret=.{4}/, 'txSecret=0000'));
  await page.waitForSelector('[data-testid=refusals] [data-code=bad_signature]');
  refused.kill('SIGKILL');
  pushes.push(push(address));
  await desk(page, 'live');
  await page.waitForSelector('[data-phase=playing]');
  await page.waitForSelector('[data-testid=plots] canvas', { timeout: 60_000 });
  await page.waitForSelector('[data-testid=stat-fps] .stat-value');
  await page.click('[data-testid=obs-guide] summary');
  expect(await violations(page)).toEqual([]);

  // Two viewers: one misbehaves.
  const [vera, bob] = await Promise.all(['vera', 'bob'].map(async (user) => (await open(browser, `${server.base}/rooms/demo${server.signIn(user)}`, { viewport: { width: 800, height: 600 }, reducedMotion: 'reduce' })).page)) as [Page, Page];
  await Promise.all([online(vera), online(bob)]);
  const say = async (who: Page, text: string) => {
    await who.fill('[data-testid=chat-input]', text);
    await who.keyboard.press('Enter');
  };
  await say(bob, 'buy followers');
  await vera.waitForSelector('.said:text-is("buy followers")');
  const line = page.locator('[data-testid=chat-message]', { hasText: 'buy followers' });
  await line.hover();
  await line.locator('[data-testid=chat-more]').click();
  await page.click('[data-testid=moderate-mute-600]');
  await bob.waitForSelector('[data-testid=chat-input]:disabled');
  await line.hover();
  await line.locator('[data-testid=chat-more]').click();
  await page.click('[data-testid=moderate-recall]');
  await vera.waitForSelector('.said:text-is("buy followers")', { state: 'detached' });

  // What stands above the chat, and its rules.
  await page.fill('[data-testid=notice]', 'Be kind.');
  await page.click('[data-testid=notice-save]');
  await vera.waitForSelector('text=Be kind.');
  await page.selectOption('[data-testid=slow-mode]', '30');
  const counts = vera.waitForSelector('[data-testid=chat-send]:not([data-wait="0"])'); // which passes by
  await say(vera, 'hello');
  await counts;
  await page.selectOption('[data-testid=slow-mode]', '0');
  await page.click('[data-testid=mute-all]');
  await vera.waitForSelector('[data-testid=chat-input]:disabled');
  await page.click('[data-testid=mute-all]');
  await vera.waitForSelector('[data-testid=chat-input]:enabled');
  await page.click('[data-testid=tabs-people]');
  await page.click('[data-testid=mutes] [data-user=bob] [data-testid=mutes-lift]');
  await bob.waitForSelector('[data-testid=chat-input]:enabled');
  await bob.context().close();
  expect(await violations(page)).toEqual([]);

  // A draw.
  await page.click('[data-testid=tabs-draws]');
  await page.click('[data-testid=draw-start]');
  await page.waitForSelector('.field-error:has-text("What is it for?")');
  await page.fill('[data-testid=draw-title]', 'A cup of tea');
  await page.fill('[data-testid=draw-keyword]', 'tea');
  await page.click('[data-testid=draw-start]');
  await vera.waitForSelector('[data-testid=draw-enter]');
  await say(vera, 'tea');
  await vera.waitForSelector('[data-testid=chat-message][data-state=sent] .said:text-is("tea")');
  await page.click('[data-testid=draw-end]');
  expect(await violations(page)).toEqual([]);
  await page.click('[data-testid=confirm-act]');
  await vera.waitForSelector('[data-testid=draw-won]');
  await page.waitForSelector('.past-draws [data-state=ended]');

  // The server dies and is back; then the network is away: the page says so, and goes on by itself.
  await server.kill();
  await page.waitForSelector('[data-testid=away]');
  await server.restart();
  pushes.push(push(address));
  await desk(page, 'live');
  await page.waitForSelector('[data-testid=away]', { state: 'detached' });
  await online(page);
  await away(network, page, () => page.waitForSelector('[data-testid=chat]:not([data-state=online])', { timeout: 60_000 }));
  await online(page);
  await page.waitForSelector('[data-testid=away]', { state: 'detached' });

  // Pause, go on, end; the encoder that goes on trying is refused; look back.
  await page.click('[data-testid=drive-pause]');
  await desk(page, 'paused');
  await vera.waitForSelector('[data-testid=overlay][data-scene=paused]');
  await page.click('[data-testid=drive-resume]');
  await desk(page, 'live');
  await page.click('[data-testid=drive-end]');
  await page.fill('[data-testid=end-reason]', 'good night');
  expect(await violations(page)).toEqual([]);
  await page.click('[data-testid=end-act]');
  await desk(page, 'ended');
  await status('ended');
  pushes.push(push(address));
  await page.waitForSelector('[data-testid=refusals] [data-code=room_ended]');
  await page.click('[data-testid=tabs-sessions]');
  await page.waitForSelector('[data-testid=sessions] .stat');
  expect(await violations(page)).toEqual([]);
  await page.click('[data-testid=tabs-recordings]');
  await page.click('[data-testid=play-back]', { timeout: 60_000 });
  await desk(page, 'playback');
  await page.click('[data-testid=drive-reopen]');
  await desk(page, 'waiting');
  expect(faults.filter((fault) => !/Failed to load|net::|WebSocket/.test(fault))).toEqual([]);
});

test('on a phone, by account and UserSig', async () => {
  const { page, faults } = await open(browser, `${server.base}/anchor`, { viewport: { width: 390, height: 844 }, hasTouch: true, reducedMotion: 'reduce', locale: 'zh-CN' });
  await page.waitForSelector('[data-testid=sign-in]');
  expect(await violations(page)).toEqual([]);
  const given = new URLSearchParams(server.signIn('demo').slice(1));
  await page.fill('[data-testid=sign-user]', 'demo');
  await page.fill('[data-testid=sign-sig]', 'nonsense');
  await page.click('[data-testid=sign-act]');
  await page.waitForSelector('[data-testid=sign-error]');
  await page.fill('[data-testid=sign-sig]', given.get('sig') ?? '');
  await page.click('[data-testid=sign-act]');
  await page.waitForSelector('[data-testid=desk]');
  expect(await violations(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  await page.click('[data-testid=sign-out]');
  await page.waitForSelector('[data-testid=sign-in]');
  expect(faults.filter((fault) => !/401/.test(fault))).toEqual([]);
  await page.context().close();
});
