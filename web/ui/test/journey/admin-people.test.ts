import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, violations } from '../browser/browser.ts';
import { Liveroom } from './server.ts';

let server: Liveroom;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([Liveroom.start(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const row = (page: Page, key: string) => page.locator(`[data-testid=row][data-row="${key}"]`);
const go = async (page: Page, section: string, testid: string) => {
  await page.goto(`${server.base}/admin/${section}`);
  await page.waitForSelector(`[data-testid=${testid}]:not([data-state=loading])`);
  expect(await violations(page)).toEqual([]);
};

test('an administrator looks after people, words, gifts and broadcasts', { timeout: 120_000 }, async () => {
  const link = (await server.api('POST', '/links', { for: 'admin' })) as { url: string };
  const { page, faults } = await open(browser, link.url, { viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  await page.waitForSelector('[data-testid=session], [data-testid=overview], h1');
  const viewer = (await open(browser, `${server.base}/rooms/demo${server.signIn('bob')}`)).page;
  await viewer.waitForSelector('[data-testid=chat][data-state=online]');

  // Somebody is made, gets points and may not speak in a room.
  await go(page, 'users', 'users');
  await page.click('[data-testid=user-new]');
  await page.fill('[data-testid=user-id]', 'two words');
  await page.click('[data-testid=user-save]');
  await page.waitForSelector('[data-testid=user-dialog] .field-error:not(:empty)');
  await page.fill('[data-testid=user-id]', 'carol');
  await page.fill('[data-testid=user-nick]', 'Carol');
  expect(await violations(page)).toEqual([]);
  await page.click('[data-testid=user-save]');
  await page.waitForSelector('[data-testid=user-page]');
  await page.fill('[data-testid=level-points]', '150');
  await page.fill('[data-testid=level-reason]', 'won the quiz');
  await page.click('[data-testid=level-adjust]');
  await page.waitForSelector('[data-testid=user-level]:has-text("2")');
  expect(await violations(page)).toEqual([]);
  await page.goto(`${server.base}/admin/users?user=bob`);
  await row(page, 'bob').locator('.table-link').click();
  await page.waitForSelector('[data-testid=user-in-room]');
  await page.fill('[data-testid=sanction-room]', 'demo');
  await page.click('[data-testid=sanction-go]');
  await viewer.waitForSelector('[data-testid=chat-input]:disabled');
  await page.selectOption('[data-testid=sanction-act]', 'unmute');
  await page.click('[data-testid=sanction-go]');
  await viewer.waitForSelector('[data-testid=chat-input]:enabled');

  // A word that is not said here.
  await go(page, 'words', 'words');
  await page.click('[data-testid=words-add]');
  await page.fill('[data-testid=words-text]', 'buy followers\ndamn\treplace\tdarn');
  expect(await violations(page)).toEqual([]);
  await page.click('[data-testid=words-save]');
  await row(page, 'damn').waitFor();
  await viewer.fill('[data-testid=chat-input]', 'damn it');
  await viewer.keyboard.press('Enter');
  await viewer.waitForSelector('.said:text-is("darn it")');
  await row(page, 'damn').locator('[data-testid=row-select]').check();
  await page.click('[data-testid=words-delete]');
  await page.click('[data-testid=confirm-act]');
  await row(page, 'damn').waitFor({ state: 'detached' });

  // A gift for the catalogue; what was given.
  await go(page, 'gifts', 'gifts');
  await page.click('[data-testid=gift-new]');
  await page.fill('[data-testid=gift-name]', 'Lantern');
  await page.fill('[data-testid=gift-id]', 'lantern');
  await page.fill('[data-testid=gift-price]', '1.5');
  expect(await violations(page)).toEqual([]);
  await page.click('[data-testid=gift-save]');
  await row(page, 'lantern').waitFor();
  await server.api('POST', '/rooms/demo/gifts', { order: 'pay-1', gift: 'lantern', count: 2, user: 'bob' });
  await page.goto(`${server.base}/admin/gifts?view=ledger`);
  await page.fill('[data-testid=ledger-room]', 'demo');
  await page.click('[data-testid=ledger-look]');
  await page.waitForSelector('[data-testid=ledger] [data-testid=row]:has-text("Lantern ×2")');
  expect(await violations(page)).toEqual([]);

  // A word to all rooms.
  await go(page, 'broadcasts', 'broadcasts');
  await page.click('[data-testid=broadcast-new]');
  await page.fill('[data-testid=broadcast-text]', 'We are back in ten minutes.');
  await page.check('[data-testid=broadcast-waiting]');
  expect(await violations(page)).toEqual([]);
  await page.click('[data-testid=broadcast-send]');
  await viewer.waitForSelector('text=We are back in ten minutes.');
  await page.waitForSelector('[data-testid=broadcast-reached]:has-text("1")', { timeout: 60_000 });

  // On a phone nothing goes beyond the edge.
  await page.setViewportSize({ width: 390, height: 844 });
  for (const section of ['users', 'words', 'gifts', 'broadcasts']) {
    await go(page, section, section);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), section).toBe(true);
  }
  expect(faults).toEqual([]);
});
