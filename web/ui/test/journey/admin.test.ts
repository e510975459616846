import type { ChildProcess } from 'node:child_process';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, violations } from '../browser/browser.ts';
import { away, Network } from './proxy.ts';
import { Liveroom, push } from './server.ts';

const LONG = { timeout: 60_000 };

let server: Liveroom;
let browser: Browser;
let network: Network;
const pushes: ChildProcess[] = [];

beforeAll(async () => {
  [server, browser] = await Promise.all([Liveroom.bare(), launch()]);
  network = await Network.to(server.base);
});
afterAll(async () => {
  for (const one of pushes) one.kill('SIGKILL');
  await browser?.close();
  network?.close();
  await server?.stop();
});

const standing = (page: Page, scene: string) => page.waitForSelector(`[data-testid=standing][data-scene=${scene}]`, LONG);

/** Opens what an act asks for, gives a reason, and lets it be done. */
async function act(page: Page, name: string): Promise<void> {
  await page.click(`[data-testid=act-${name}]`);
  await page.fill('[data-testid=act-reason]', `because of ${name}`);
  await page.click('[data-testid=act-go]');
  await page.waitForSelector('[data-testid=act-dialog]', { state: 'detached' });
}

test('an administrator comes from a bare install to the first live room, and keeps watch over it', { timeout: 300_000 }, async () => {
  // The link of the terminal signs in, once, and does not stay in the address bar.
  const code = new URL(server.adminLink).hash;
  const { page, faults } = await open(browser, `${network.base}/admin${code}`, { viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  await page.waitForSelector('[data-testid=first-room]');
  expect(page.url()).not.toContain('code=');
  const second = await open(browser, `${server.base}/admin${code}`);
  await second.page.waitForSelector('[data-testid=signin-link]');
  expect(await violations(second.page)).toEqual([]);
  await second.page.context().close();

  // From the first room to the first picture.
  await page.fill('[data-testid=first-title]', 'Friday tea');
  expect(await violations(page)).toEqual([]);
  await page.click('[data-testid=first-create]');
  await page.waitForSelector('[data-testid=first-push]');
  const address = await page.inputValue('[data-testid=push-whole-value]');
  expect(await page.inputValue('[data-testid=push-key-value]')).toMatch(/^friday-tea\?/);
  expect(await violations(page)).toEqual([]);
  pushes.push(push(address));
  await page.waitForSelector('[data-testid=first-live] [data-phase=playing]', LONG);
  expect(await page.inputValue('[data-testid=first-page-value]')).toBe(`${network.base}/rooms/friday-tea`);
  expect(await violations(page)).toEqual([]);

  await page.click('[data-testid=first-done]');
  await page.waitForSelector('[data-testid=stat-live]');
  await page.waitForSelector('[data-testid=tile][data-room=friday-tea]');
  expect(await violations(page)).toEqual([]);

  // On the wall it has a picture, and plays in place.
  await page.click('[data-testid=nav-wall]');
  await page.waitForSelector('[data-room=friday-tea] [data-testid=picture][data-shown=true]', LONG);
  await page.click('[data-room=friday-tea] [data-testid=tile-play]');
  await page.waitForSelector('[data-room=friday-tea] [data-phase=playing]', LONG);
  expect(await violations(page)).toEqual([]);
  await page.click('[data-room=friday-tea] [data-testid=tile-play]');

  // Its own page drives it.
  await page.click('[data-testid=tile-link]');
  await standing(page, 'live');
  await page.waitForSelector('[data-testid=ingest-rate]');
  await act(page, 'pause');
  await standing(page, 'paused');
  expect(await page.textContent('[data-testid=standing]')).toContain('because of pause');

  // The network is away meanwhile: the page says so, and knows by itself what became of the room.
  await away(network, page, async () => {
    await page.waitForSelector('[data-testid=away]', LONG);
    expect(await violations(page)).toEqual([]);
    await server.api('POST', '/rooms/friday-tea/resume', {});
  });
  await standing(page, 'live');
  await page.waitForSelector('[data-testid=away]', { state: 'detached', ...LONG });

  // So it is when the server dies and comes back; who was signed in still is.
  await server.kill();
  await page.waitForSelector('[data-testid=away]', LONG);
  await server.restart();
  await page.waitForSelector('[data-testid=away]', { state: 'detached', ...LONG });
  await standing(page, 'interrupted');
  pushes.push(push(address));
  await standing(page, 'live');

  // Forbidden, it lets nobody in; permitted, it does again.
  await act(page, 'forbid');
  await standing(page, 'ended');
  await page.waitForSelector('[data-testid=forbidden]');
  await act(page, 'permit');
  await page.waitForSelector('[data-testid=forbidden]', { state: 'detached' });
  await act(page, 'reopen');
  await standing(page, 'waiting');
  pushes.push(push(address));
  await standing(page, 'live');

  // Everything about a room, and the other sections, can be used by everyone.
  for (const tab of ['people', 'chat', 'spread', 'past', 'state', 'now']) {
    await page.click(`[data-testid=room-tabs-${tab}]`);
    await page.waitForLoadState('networkidle').catch(() => {});
    expect(await violations(page), tab).toEqual([]);
  }
  await page.click('[data-testid=room-edit]');
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.click('[data-testid=nav-nodes]');
  await page.waitForSelector('[data-testid=node-state]');
  expect(await violations(page)).toEqual([]);
  await page.click('[data-testid=nav-audit]');
  await page.waitForSelector('[data-testid=audit] [data-row]');
  expect(await page.textContent('[data-testid=audit]')).toContain('because of forbid');
  expect(await violations(page)).toEqual([]);
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('[data-testid=audit-csv]')]);
  expect(file.suggestedFilename()).toMatch(/^liveroom-audit-.*\.csv$/);

  // On a phone too.
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${network.base}/admin/rooms`);
  for (const step of ['list', 'room'] as const) {
    await page.waitForSelector(step === 'list' ? '[data-row=friday-tea]' : '[data-testid=ingest-rate]');
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), step).toBeLessThanOrEqual(0);
    expect(await violations(page), step).toEqual([]);
    if (step === 'list') await page.click('[data-row=friday-tea] a');
  }

  // A session that is over asks to sign in over the page, and what was being done goes on.
  await server.api('DELETE', '/sessions');
  await page.click('[data-testid=push-make]');
  await page.waitForSelector('[data-testid=signin-dialog]');
  expect(await violations(page)).toEqual([]);
  await page.fill('[data-testid=signin-dialog] [data-testid=signin-token]', server.token);
  await page.click('[data-testid=signin-go]');
  await page.waitForSelector('[data-testid=addresses]');
  await page.click('[data-testid=account]');
  await page.click('[data-testid=signout]');
  await page.waitForSelector('[data-testid=signin]');
  expect(faults).toEqual([]);
});
