import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, violations } from '../browser/browser.ts';
import { Liveroom, push } from './server.ts';

let server: Liveroom;
let browser: Browser;
let encoder: ChildProcess | undefined;

/** A backend that answers as it is told to, and remembers what it got. */
const backend = { status: 410, got: [] as { id: string; body: { version?: number } }[] };
const hook = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    if (backend.status === 200) backend.got.push({ id: String(request.headers['liveroom-event-id']), body: JSON.parse(body) });
    response.writeHead(backend.status, { 'content-type': 'application/json' }).end('{"said":"by the backend"}');
  });
});

beforeAll(async () => {
  hook.listen(0, '127.0.0.1');
  await once(hook, 'listening');
  [server, browser] = await Promise.all([Liveroom.start(undefined, ['--demo', '--callback-private', 'on', '--record', 'always']), launch()]);
});
afterAll(async () => {
  encoder?.kill('SIGKILL');
  hook.close();
  await browser?.close();
  await server?.stop();
});

const id = (testid: string) => `[data-testid=${testid}]`;
const value = (page: Page, testid: string) => page.inputValue(id(testid));
const typed = async (page: Page, word: string) => {
  await page.fill(id('confirm-typed'), word);
  await page.click(id('confirm-act'));
  await page.waitForSelector(id('confirm'), { state: 'detached' });
};
const section = async (page: Page, name: string) => {
  await page.click(id(`nav-${name}`));
  await page.waitForURL(`**/admin/${name}`);
};
const sound = async (page: Page) => expect(await violations(page)).toEqual([]);
const checkAddress = async (page: Page, url: string) => {
  await page.fill(id('check-url'), url);
  const answer = page.waitForResponse('**/addresses/check');
  await page.click(id('check-go'));
  await answer;
};

test('an administrator sets up and looks after a server', { timeout: 150_000 }, async () => {
  encoder = push(server.pushUrl, '320x180');
  const link = (await server.api('POST', '/links', { for: 'admin' })) as { url: string };
  const { page, faults } = await open(browser, link.url, { viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', acceptDownloads: true });
  await page.waitForSelector(id('account'));

  // Addresses are made, and one that was refused is explained.
  await section(page, 'addresses');
  await page.fill(id('address-room'), 'demo');
  await page.click(id('address-go'));
  const address = await value(page, 'made-push-value');
  await checkAddress(page, address);
  await page.waitForSelector(`${id('address-verdict')}[data-ok=true]`);
  await checkAddress(page, address.replace(/txSecret=.{8}/, 'txSecret=00000000'));
  await page.waitForSelector(`${id('address-verdict')}[data-code=bad_signature]`);
  await page.waitForSelector(`${id('address-verdict')} a[href="/admin/rooms/demo"]`);
  await sound(page);

  // A key is rotated, and the old one is good until it is revoked.
  await section(page, 'keys');
  const before = await page.getAttribute(id('push-primary'), 'data-fingerprint');
  await page.click(id('rotate-push'));
  await page.click(id('rotate-go'));
  await page.waitForSelector(`${id('push-backup')}[data-fingerprint="${before}"]`);
  await page.click(id('reveal-push'));
  await page.waitForSelector(id('push-backup-key'));
  await sound(page);
  await page.click(id('revoke-push'));
  expect(await page.isDisabled(id('confirm-act'))).toBe(true);
  await typed(page, before as string);
  await page.waitForSelector(id('push-backup'), { state: 'detached' });
  await section(page, 'addresses');
  await checkAddress(page, address);
  await page.waitForSelector(`${id('address-verdict')}[data-code=bad_signature]`);

  // A UserSig for one is none for another.
  await section(page, 'usersigs');
  await page.fill(id('sig-user'), 'carol');
  await page.click(id('sig-go'));
  await page.fill(id('sig-check'), await value(page, 'made-sig-value'));
  await page.click(id('sig-check-go'));
  await page.waitForSelector(`${id('sig-verdict')}[data-ok=true]`);
  await page.fill(id('sig-check-user'), 'bob');
  await page.click(id('sig-check-go'));
  await page.waitForSelector(`${id('sig-verdict')}[data-code=usersig_other_user]`);
  await sound(page);

  // Switches: what another changed meanwhile is merged, and what was changed goes back.
  await section(page, 'settings');
  await page.waitForSelector(id('settings'));
  await page.click(id('preset-1000'));
  await page.fill(id('set-rate'), '0');
  await page.click(id('settings-save'));
  await page.waitForSelector(`${id('set-rate')}[aria-invalid=true]`);
  await page.click(id('drop-rate'));
  await page.fill(id('set-admins'), 'carol');
  await page.keyboard.press('Enter');
  await server.api('PATCH', '/settings', { settings: { tips: 7, memberList: 500 } });
  await page.click(id('settings-save'));
  await page.waitForSelector(id('settings-both'));
  expect(await value(page, 'set-tips')).toBe('7');
  expect(await value(page, 'set-memberList')).toBe('1000');
  await sound(page);
  await page.click(id('settings-save'));
  await page.waitForSelector(id('save-bar'), { state: 'detached' });
  const now = async () => (await server.api('GET', '/settings')) as { settings: Record<string, unknown>; changed: string[] };
  expect((await now()).settings).toMatchObject({ memberList: 1000, tips: 7, admins: ['carol'] });
  await page.click(id('back-tips'));
  await page.click(id('settings-save'));
  await page.waitForSelector(id('save-bar'), { state: 'detached' });
  expect((await now()).changed).not.toContain('tips');

  // A receiver that refuses: the test fire says so, the event becomes a dead letter, and comes again when it is asked for.
  await section(page, 'callbacks');
  await page.click(`${id('callback-new')} >> nth=0`);
  await page.fill(id('callback-url'), `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`);
  await page.fill(id('callback-id'), 'backend');
  await sound(page);
  await page.click(id('callback-save'));
  await page.click('[data-row=backend] .table-link');
  await page.click(id('callback-test'));
  await page.click(id('test-fire'));
  await page.waitForSelector(`${id('test-answer')}[data-outcome=refused] >> text=by the backend`);
  await page.click(id('dialog-close'));
  await expect.poll(async () => (await server.status()).name, { timeout: 60_000 }).toBe('live');
  const { version } = await server.drive('pause');
  const dead = async () => ((await server.api('GET', '/callbacks/backend/dead')) as { letters: { body: { version: number } }[] }).letters.map((one) => one.body.version);
  await expect.poll(dead, { timeout: 60_000 }).toContain(version);
  await page.click(id('callback-tabs-dead'));
  await page.waitForSelector(`${id('dead')} ${id('row')}`);
  await page.locator(id('dead-open')).last().click();
  await page.waitForSelector(`${id('dead-dialog')} pre:has-text("paused")`);
  await page.click(id('dialog-close'));
  await sound(page);
  backend.status = 200;
  await page.click(id('replay-all'));
  await page.waitForSelector(`${id('dead')}[data-state=empty]`);
  await expect.poll(() => backend.got.map((one) => one.body.version), { timeout: 30_000 }).toContain(version);
  await page.click(id('callback-tabs-tries'));
  await page.waitForSelector(`${id('tries')} .badge-good`);
  await sound(page);

  // What was live is played, named, made into a file, and deleted.
  await server.drive('end');
  encoder.kill('SIGKILL');
  await section(page, 'recordings');
  await page.waitForSelector(`${id('recordings')} ${id('row')}`);
  await sound(page);
  await page.click(`${id('recordings')} .table-link`);
  await page.click(id('recording-play'));
  await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0.2);
  await page.click(id('recording-rename'));
  await page.fill(id('rename-to'), 'The first cup');
  await page.click(id('rename-save'));
  await page.waitForSelector('h1:text-is("The first cup")');
  await page.click(id('export-go'));
  await page.waitForSelector(`${id('export')}[data-state=done]`);
  await page.evaluate(() => document.querySelector('video')?.pause());
  await sound(page);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(id('export-download'))]);
  expect(download.suggestedFilename()).toMatch(/\.mp4$/);

  // On a phone nothing is wider than it.
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of [new URL(page.url()).pathname, '/admin/recordings', '/admin/callbacks', '/admin/callbacks/backend', '/admin/addresses', '/admin/keys', '/admin/usersigs', '/admin/settings']) {
    await page.goto(server.base + path);
    await page.waitForSelector('main h1');
    await page.waitForSelector('main .waiting, main [aria-busy=true]', { state: 'detached' });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), path).toBeLessThanOrEqual(0);
  }
  await page.goto(`${server.base}/admin/recordings`);
  await page.click(`${id('recordings')} ${id('row-menu')}`);
  await page.click(id('menu-delete'));
  await typed(page, 'demo');
  await page.waitForSelector(`${id('recordings')}[data-state=empty]`);
  expect(faults).toEqual([]);
});
