import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MockServer } from '../mock/server.ts';
import { launch, open, violations } from './browser.ts';

let browser: Browser;
let server: MockServer;
let base: string;
let desk: Page; // for the tests that leave it as they found it

beforeAll(async () => {
  browser = await launch();
  server = new MockServer();
  base = await server.listen();
  desk = (await light()).page;
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

const id = (name: string) => `[data-testid=${name}]`;
const still: BrowserContextOptions = { reducedMotion: 'reduce' };
const phone: BrowserContextOptions = { ...still, viewport: { width: 390, height: 844 } };

/** The page with each component once, by day. */
async function light(options: BrowserContextOptions = still): Promise<{ page: Page; faults: string[] }> {
  const { page, faults } = await open(browser, `${base}/ui`, options);
  await page.click(id('ui-themes-light'));
  await page.waitForFunction(() => document.querySelectorAll('[data-theme=dark]').length === 0);
  return { page, faults };
}

/** Test id of what has the focus, or its words. */
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? document.activeElement?.textContent?.trim());
const wide = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
const state = (page: Page, name: string) => page.waitForSelector(`${id('ui-table')}[data-state=${name}]`);

test.each([
  ['light', { ...still, colorScheme: 'light' }],
  ['dark phone in Chinese', { ...phone, locale: 'zh-CN', colorScheme: 'dark' }],
] as const)('every component (%s, both appearances) can be used by everyone', async (_name, options) => {
  const { page, faults } = await open(browser, `${base}/ui`, options);
  await page.waitForSelector(id('part-figures'));
  expect(await page.locator('[data-theme=dark]').count()).toBeGreaterThan(10);
  const grounds = await page.evaluate(() => ['light', 'dark'].map((theme) => getComputedStyle(document.querySelector(`[data-theme=${theme}] .panel`) as Element).backgroundColor));
  expect(grounds).toEqual(['rgb(255, 253, 247)', 'rgb(28, 26, 23)']);
  expect(await violations(page)).toEqual([]);
  expect([await wide(page), faults]).toEqual([true, []]);
  await page.context().close();
});

test('what opens over the page, and the states of a table, can be used by everyone', async () => {
  const { page, faults } = await light();
  for (const [button, shown] of [['ui-dialog', 'ui-dialog-window'], ['ui-confirm-typed', 'confirm']] as const) {
    await page.click(id(button));
    await page.waitForSelector(id(shown));
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.waitForSelector(id(shown), { state: 'detached' });
  }
  await page.click(id('ui-table-state-loading'));
  await state(page, 'loading');
  expect(await violations(page)).toEqual([]);
  await page.click(id('ui-table-state-empty'));
  await state(page, 'empty');
  expect(await page.isVisible(`${id('ui-table')} table`)).toBe(false);
  await page.click(id('ui-table-state-error'));
  await state(page, 'error');
  await page.click(id('ui-toast-bad'));
  await page.click(id('ui-menu'));
  await page.waitForSelector('.menu:popover-open');
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.click(id('table-retry'));
  await state(page, 'ready');
  expect(faults).toEqual([]);
  await page.context().close();
});

test('a dialog holds the focus and gives it back', async () => {
  const page = desk;
  await page.focus(id('ui-dialog'));
  await page.keyboard.press('Enter');
  await page.waitForSelector(id('ui-dialog-window'));
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement === document.body || !!document.activeElement?.closest('dialog'))).toBe(true);
  }
  await page.keyboard.press('Escape');
  await page.waitForSelector(id('ui-dialog-window'), { state: 'detached' });
  expect(await focused(page)).toBe('ui-dialog');

  await page.keyboard.press('Enter'); // taken out by its own form, not closed
  await page.fill(`${id('ui-dialog-window')} input >> nth=0`, 'Tea');
  await page.keyboard.press('Enter');
  await page.waitForSelector(id('ui-dialog-window'), { state: 'detached' });
  expect(await focused(page)).toBe('ui-dialog');

  await page.click(id('ui-dialog'));
  await page.mouse.click(8, 400); // beside it
  await page.waitForSelector(id('ui-dialog-window'), { state: 'detached' });
});

test('what destroys much asks for its name, and what fails says so where it was asked', async () => {
  const page = desk;
  await page.click(id('ui-confirm-typed'));
  await page.fill(id('confirm-typed'), 'evening');
  expect(await page.isDisabled(id('confirm-act'))).toBe(true);
  await page.keyboard.press('Enter');
  expect(await page.isVisible(id('confirm'))).toBe(true);
  await page.fill(id('confirm-typed'), 'evening-garden');
  await page.keyboard.press('Enter');
  await page.waitForSelector(id('confirm'), { state: 'detached' });

  await page.click(id('ui-confirm-fail'));
  await page.click(id('confirm-act'));
  await page.waitForSelector(`${id('confirm')} [role=alert].callout`);
  await page.click(id('confirm-cancel'));
  await page.waitForSelector(id('confirm'), { state: 'detached' });
  expect(await focused(page)).toBe('ui-confirm-fail');
});

test('a menu is gone through by keys', async () => {
  const page = desk;
  const menu = id('ui-menu');
  const expanded = (value: boolean) => page.waitForSelector(`${menu}[aria-expanded=${value}]`);
  await page.focus(menu);
  await page.keyboard.press('ArrowDown');
  await expanded(true);
  expect(await focused(page)).toBe('Edit');
  await page.keyboard.press('ArrowUp');
  expect(await focused(page)).toBe('Delete');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown'); // past what is disabled
  expect(await focused(page)).toBe('Delete');
  await page.keyboard.press('p');
  expect(await focused(page)).toBe('Pause');
  await page.keyboard.press('Escape');
  await expanded(false);
  expect(await focused(page)).toBe('ui-menu');

  await page.keyboard.press('ArrowUp');
  await expanded(true);
  await page.keyboard.press('Enter');
  await page.waitForSelector(id('toast'));
  expect(await focused(page)).toBe('ui-menu');
  await expanded(false);

  await page.click(menu);
  await expanded(true);
  await page.click(menu); // the opener closes it as well
  await expanded(false);
  await page.click(menu);
  const [opener, list] = await Promise.all([page.locator(menu).boundingBox(), page.locator('.menu:popover-open').boundingBox()]);
  expect(list!.y).toBeGreaterThan(opener!.y);
  expect(list!.x + list!.width).toBeLessThanOrEqual(1280);
  await page.keyboard.press('Tab');
  await expanded(false);
});

test('tabs are gone through by arrows', async () => {
  const page = desk;
  await page.focus(id('ui-tabs-members'));
  await page.keyboard.press('ArrowLeft');
  await page.waitForSelector(`${id('ui-tabs-banned')}[aria-selected=true]`);
  expect(await focused(page)).toBe('ui-tabs-banned');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  await page.waitForSelector(`${id('ui-tabs-muted')}[aria-selected=true]`);
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('tabpanel');
});

test('a table is sorted, selected from and acted on by keys', async () => {
  const page = desk;
  const rows = () => page.locator(`${id('ui-table')} ${id('row')}`).evaluateAll((all) => all.map((row) => row.getAttribute('data-row')));
  await page.focus(id('sort-viewers'));
  await page.keyboard.press('Enter');
  await page.waitForSelector('th[aria-sort=descending]');
  expect(await rows()).toEqual(['evening-garden', 'night-train', 'chess', 'market']);
  await page.keyboard.press('Space');
  await page.waitForSelector('th[aria-sort=ascending]');
  expect(await rows()).toEqual(['market', 'chess', 'night-train', 'evening-garden']);

  expect(await page.locator(id('table-all')).evaluate((box: HTMLInputElement) => box.indeterminate)).toBe(true);
  await page.focus(`[data-row=market] ${id('row-select')}`);
  await page.keyboard.press('Space');
  await page.waitForSelector('[data-row=market][aria-selected=true]');
  expect(await page.textContent('.table-bulk strong')).toBe('2 selected');
  await page.focus(id('table-all'));
  await page.keyboard.press('Space');
  await page.waitForFunction(() => document.querySelectorAll('[aria-selected=true][data-row]').length === 4);

  await page.focus(`[data-row=chess] ${id('row-menu')}`);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.menu:popover-open');
  expect(await focused(page)).toBe('Edit');
  await page.keyboard.press('Escape');
  await page.click(id('page-next'));
  await page.click(`${id('page-previous')}:enabled`);
  await page.waitForSelector(`${id('page-previous')}:disabled`);
});

test('on a phone the sections are behind a button, and a row’s details as well', async () => {
  const { page } = await light({ ...phone, hasTouch: true });
  const since = `[data-row=chess] [data-column=since]`;
  expect(await page.isVisible(since)).toBe(false);
  await page.tap(`[data-row=chess] ${id('row-more')}`);
  expect(await page.isVisible(since)).toBe(true);
  await page.tap(id('nav-open'));
  await page.waitForSelector(id('drawer'));
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.waitForSelector(id('drawer'), { state: 'detached' });
  expect(await focused(page)).toBe('nav-open');
  await page.tap(id('nav-open'));
  await page.tap(`${id('drawer')} a >> nth=3`);
  await page.waitForSelector(id('drawer'), { state: 'detached' });
  expect(new URL(page.url()).hash).toBe('#part-fields');
  await page.context().close();
});

test.each([true, false])('what is there to copy is copied, with a clipboard: %s', async (clipboard) => {
  const { page } = await light({ ...still, permissions: ['clipboard-read', 'clipboard-write'] });
  if (!clipboard) await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
  const field = `${id('ui-secret')} `;
  expect(await page.getAttribute(field + id('ui-secret-value'), 'type')).toBe('password');
  await page.click(field + id('ui-secret-copy'));
  await page.waitForSelector(`${id('ui-secret')}[data-state=copied]`);
  expect(await focused(page)).toBe('ui-secret-copy');
  expect(await page.getAttribute(field + id('ui-secret-value'), 'type')).toBe('password');
  if (clipboard) expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('txSecret=');
  await page.click(field + id('ui-secret-show'));
  expect(await page.inputValue(field + id('ui-secret-value'))).toContain('txSecret=');
  await page.click(field + id('ui-secret-qr'));
  await page.waitForSelector(`${field}[data-ready=true]`);
  await page.context().close();
});

test('where nothing may be copied that is said, with the text ready to be taken', async () => {
  const { page } = await light();
  await page.evaluate(() => {
    Object.defineProperty(navigator, 'clipboard', { value: undefined });
    document.execCommand = () => false;
  });
  await page.click(id('ui-secret-copy'));
  await page.waitForSelector(`${id('ui-secret')}[data-state=failed] [role=alert]:not(:empty)`);
  await page.waitForFunction(() => (document.activeElement as HTMLInputElement).selectionEnd! > 10);
  expect(await focused(page)).toBe('ui-secret-value');
  await page.context().close();
});

test('a toast is read out, undone, and a bad one stays until it is closed', async () => {
  const { page } = await light();
  await page.click(id('ui-toast-undo'));
  await page.click(id('toast-action'));
  await page.waitForFunction(() => document.querySelector('[data-testid=toast-said]')?.textContent?.includes('again'));
  expect(await page.locator(id('toast')).count()).toBe(1);
  await page.clock.install();
  await page.click(id('ui-toast-bad'));
  await page.clock.runFor(60_000);
  expect(await page.locator(id('toast')).allTextContents()).toEqual([expect.stringContaining('play key')]);
  await page.click(id('toast-close'));
  await page.waitForSelector(id('toast'), { state: 'detached' });
  await page.click(id('ui-toast'));
  await page.clock.runFor(7_000);
  await page.waitForSelector(id('toast'), { state: 'detached' });
  await page.context().close();
});

test('a field says how much is left, and what is at fault', async () => {
  const page = desk;
  await page.fill(id('ui-title'), '茶'.repeat(31));
  await page.waitForSelector('[data-state=over]:has-text("1 character too many")');
  const described = await page.evaluate(() => {
    const field = document.querySelector('[data-testid=part-fields] [aria-invalid=true]');
    return field?.getAttribute('aria-describedby')?.split(' ').map((one) => document.getElementById(one)?.textContent);
  });
  expect(described).toEqual(['There is a room of this name already.']);
});
