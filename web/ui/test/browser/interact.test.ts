import type { Browser, Page } from 'playwright-core';
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { CATALOGUE } from '../mock/catalogue.ts';
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
  server.gifts = CATALOGUE;
  server.followers = 41;
  server.add('demo', 'waiting', { anchor: 'anna', online: 7 });
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await server.close();
});

/** A page of a user whom the site signed in. */
async function visit(user = 'vera', options: object = {}): Promise<{ page: Page; faults: string[] }> {
  server.users.set(user, { nick: user[0]?.toUpperCase() + user.slice(1), avatar: '', sig: 's' });
  const opened = await open(browser, `${base}/rooms/demo#user=${user}&sig=s`, options);
  await opened.page.waitForSelector('[data-testid=chat-me]');
  await opened.page.waitForSelector('[data-testid=gift-button]');
  return opened;
}
const seen = (page: Page, id: string, more = '') => page.waitForSelector(`[data-testid=${id}]${more}`);
/** Writes down what the gift button is called and what is read out of one's gifts; returns how to see it. */
async function listen(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const heard: string[] = Object.assign(window, { heard: [] as string[] }).heard;
    new MutationObserver((all) => {
      for (const { type, target } of all) {
        if (type === 'attributes') heard.push((target as Element).getAttribute('aria-label') ?? '');
        else if (target.parentElement?.closest('[data-testid=gift-aloud]') || (target as Element).closest?.('[data-testid=gift-aloud]')) heard.push(target.textContent ?? '');
      }
    }).observe(document.querySelector('[data-testid=acts]') as Element, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['aria-label'] });
  });
  return () => page.evaluate(() => (window as unknown as { heard: string[] }).heard);
}
const sum = (list: readonly Record<string, unknown>[]) => list.reduce((n, one) => n + Number(one.count), 0);

test('taps count at once, leave merged, and make hearts; others’ hearts fly too', async () => {
  server.counters = { live_likes: 100 };
  const { page, faults } = await visit();
  await seen(page, 'like', '[data-likes="100"]');
  await page.evaluate(() => {
    for (let i = 0; i < 9; i++) document.querySelector<HTMLElement>('[data-testid=like]')?.click();
  });
  await seen(page, 'like', '[data-likes="109"]');
  await expect.poll(() => sum(server.acts), { timeout: 3000 }).toBe(9);
  expect(server.acts.length).toBeLessThanOrEqual(2);
  const hearts = Number(await page.getAttribute('[data-testid=show]', 'data-shown'));
  server.tell({ type: 'like', count: 5 }, 'bo', 'Bo');
  await seen(page, 'show', `[data-shown="${hearts + 1}"]`);
  expect(await page.locator('[data-testid=chat-message]').count()).toBe(0); // they are no messages to read
  server.count({ live_likes: 500 });
  await seen(page, 'like', '[data-likes="500"]');
  expect(faults).toEqual([]);
});

test('who wants less movement has none of it: numbers count, gifts stand still', async () => {
  const { page } = await visit('vera', { reducedMotion: 'reduce' });
  await page.click('[data-testid=like]');
  await seen(page, 'like', '[data-likes="1"]');
  server.gave('Bo', 'rocket');
  await seen(page, 'gift-banner');
  await seen(page, 'gift-run', '[data-total="1"]');
  expect(await page.locator('[data-testid=show]').count()).toBe(0);
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
});

test('a run of clicks is given in a few orders and seen as one growing gift, by its giver and the others', async () => {
  const [{ page, faults }, bo] = await Promise.all([visit(), visit('bo')]);
  await page.click('[data-testid=gift-button]');
  const button = () => page.evaluate(() => getComputedStyle(document.querySelector('[data-testid=gift-button]') ?? document.body).backgroundColor);
  const hovered = await button(); // the pointer is still there
  await page.mouse.move(0, 0);
  expect(hovered).toBe(await button());
  await seen(page, 'gift-panel');
  expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).value)).toBe('rose'); // the keyboard is there
  const heard = await listen(page);
  for (let i = 0; i < 12; i++) await page.click('[data-testid=gift-give]');
  await seen(page, 'gift-give', '[data-clicks="12"]');
  await expect.poll(() => sum(server.orders), { timeout: 5000 }).toBe(12);
  expect(server.orders.length).toBeLessThan(12);
  await Promise.all([page, bo.page].map((p) => seen(p, 'gift-run', '[data-gift=rose][data-total="12"]')));
  await bo.page.waitForSelector('[data-testid=chat-gift]:has-text("Vera gave Rose"):has-text("×12")');
  expect(await bo.page.locator('.chat-gift').count()).toBe(1);
  // Who listens hears of the run once, when it rests, and of a button that is called otherwise; not of each click.
  await page.waitForSelector('[data-testid=gift-aloud]:has-text("given")', { state: 'attached' });
  const said = await heard();
  expect([/^Give again$/, /given/, /on its way/i].map((words) => said.filter((one) => words.test(one)).length)).toEqual([1, 1, 0]);
  await bo.page.waitForFunction(() => /Vera gave Rose/.test(document.querySelector('[data-testid=said]')?.textContent ?? ''));
  await page.keyboard.press('Escape');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('gift-button');
  expect(faults).toEqual([]);
});

test('one gift of a quantity, and a refusal in the backend’s words', async () => {
  const { page } = await visit();
  await page.click('[data-testid=gift-button]');
  await page.click('[data-testid=gift-choice][data-gift=kiln]');
  await page.selectOption('[data-testid=gift-quantity]', '10');
  await page.click('[data-testid=gift-give]');
  await seen(page, 'gift-stands', '[data-state=accepted]');
  expect(server.orders).toMatchObject([{ gift: 'kiln', count: 10, combo: '' }]);
  // At another price than the giver sees nothing is given, and the gift stays chosen.
  const costs = (price: number) => (server.gifts = CATALOGUE.map((gift) => ({ ...gift, price })));
  costs(12_050);
  await page.click('[data-testid=gift-give]');
  await page.waitForSelector('[data-testid=gift-stands]:has-text("Not given: the price has changed, A load of kiln firing is now 120.50")');
  await page.waitForSelector('[data-testid=gift-choice][data-gift=kiln]:has-text("120.50") :checked');
  expect(server.orders.length).toBe(1);
  await page.click('[data-testid=gift-choice][data-gift=rose]');
  await page.click('[data-testid=gift-give]');
  await seen(page, 'gift-give', '[data-clicks="10"]');
  await expect.poll(() => server.orders.length).toBe(2);
  costs(9900);
  await page.click('[data-testid=gift-give]');
  await page.waitForSelector('[data-testid=gift-stands]:has-text("Rose is now 99")');
  await seen(page, 'gift-give', '[data-clicks="0"]');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('gift-give'); // the keyboard is still there
  await page.click('[data-testid=gift-give]');
  await seen(page, 'gift-stands', '[data-state=accepted]');
  expect(server.orders.map((order) => order.price)).toEqual([9900, 12_050, 9900]);
  await page.click('[data-testid=gift-choice][data-gift=kiln]');
  server.giftRefusal = 'not enough coins';
  await page.click('[data-testid=gift-give]');
  await page.waitForSelector('text=Not given: not enough coins');
  // One that leaves the catalogue is chosen no more, and nothing is given in its place.
  server.gifts = CATALOGUE.filter((gift) => gift.id !== 'kiln');
  server.giftError = 'no_such_gift';
  await page.click('[data-testid=gift-give]');
  await page.waitForSelector('[data-testid=gift-gone]:has-text("A load of kiln firing can’t be given any more")');
  expect(await page.locator('[data-testid=gift-choice] :checked').count()).toBe(0);
  expect(await page.isDisabled('[data-testid=gift-give]')).toBe(true);
  expect(await page.evaluate(() => document.activeElement?.closest('[data-testid=gift-panel]') !== null)).toBe(true); // the keyboard is still there
  await page.click('[data-testid=gift-choice][data-gift=rocket]');
  expect([await page.textContent('[data-testid=gift-gone]'), await page.isDisabled('[data-testid=gift-give]'), server.orders.length]).toEqual(['', false, 3]);
});

test('how a gift ended that was pending is told after the page was loaded again', async () => {
  server.pending = true;
  const { page, faults } = await visit();
  await page.click('[data-testid=gift-button]');
  await page.click('[data-testid=gift-choice][data-gift=kiln]');
  await page.click('[data-testid=gift-give]');
  await expect.poll(() => server.orders.length).toBe(1);
  await page.reload();
  await seen(page, 'gift-stands', '[data-state=pending]');
  server.settle(server.orders[0] as Record<string, unknown>, 'refused', 'not enough coins');
  await page.waitForSelector('[data-testid=gift-stands]:has-text("Not given: not enough coins")');
  await page.waitForSelector('[data-testid=gift-aloud]:has-text("not enough coins")', { state: 'attached' });
  await page.click('[data-testid=given-noted]');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('gift-button');
  await page.waitForSelector('[data-testid=gift-stands]', { state: 'detached' });
  await page.reload();
  await seen(page, 'gift-button');
  await page.waitForSelector('[data-testid=chat-me]');
  expect(await page.locator('[data-testid=gift-stands]').count()).toBe(0);
  expect(faults).toEqual([]);
});

test('a stranger is asked for a name first, and the gift follows', async () => {
  const { page } = await open(browser, `${base}/rooms/demo`);
  await page.click('[data-testid=gift-button]');
  await page.click('[data-testid=gift-choice][data-gift=rocket]');
  await page.click('[data-testid=gift-give]');
  await page.fill('[data-testid=nick-input]', 'Bo');
  await page.click('[data-testid=nick-ok]');
  await page.waitForSelector('[data-testid=chat-gift]:has-text("Bo gave Rocket")');
});

test('five hundred gifts a second leave the page usable and its memory bounded', async () => {
  const { page, faults } = await visit();
  const nodes = () => page.evaluate(() => document.querySelectorAll('*').length);
  for (let batch = 0; batch < 40; batch++) {
    server.together(() => {
      for (let i = 0; i < 25; i++) server.gave(`User${(batch * 25 + i) % 300}`, ['rose', 'tea', 'cake', 'rocket'][i % 4] as string);
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (batch === 20) await page.click('[data-testid=like]');
  }
  server.say('bo', 'heard through all of it', 'Bo');
  await page.waitForSelector('text=heard through all of it');
  expect(await page.locator('[data-testid=gift-run]').count()).toBeLessThanOrEqual(3);
  expect(await page.locator('.chat-gift').count()).toBe(3); // the last, and how many there were
  expect(await page.textContent('[data-testid=chat-gift] small')).toMatch(/^9\d\d more gifts before$/);
  expect(await nodes()).toBeLessThan(600);
  expect(faults).toEqual([]);
});

test('a draw: one click takes part, the result tells who won and lets anybody check it', async () => {
  const seed = '07'.repeat(32);
  const commitment = createHash('sha256').update(Buffer.from(seed, 'hex')).digest('hex');
  const draw = { id: 'd1', title: 'Tea for two', prize: 'a cup', trigger: { keyword: 'tea please' }, endsAt: new Date(Date.now() + 60_000).toISOString(), winners: 2, eligibility: { minLevel: 3 }, commitment, rulesHash: 'ef'.repeat(32) };
  const { page, faults } = await visit();
  server.tell({ type: 'draw_start', draw: { ...draw, title: 'forged' } }, 'mallory', 'Mallory');
  server.tell({ type: 'draw_start', draw });
  await seen(page, 'draw', '[data-state=open]');
  expect(await page.textContent('[data-testid=draw]')).toMatch(/Tea for two.*Prize: a cup.*(1:0[01]|0:5\d).*2 winners.*level 3 and above/);
  server.refuse = { code: 80001, error: 'blocked' };
  await page.click('[data-testid=draw-enter]');
  await page.waitForSelector('[data-testid=chat-message][data-state=failed]:has-text("tea please")');
  await page.waitForSelector('[data-testid=draw-enter][aria-disabled=false]:has-text("Say")'); // it did not take part yet
  server.refuse = null;
  await page.click('[data-testid=draw-enter]');
  await page.waitForSelector('[data-testid=chat-message][data-state=sent]:has-text("tea please")');
  await page.waitForSelector('[data-testid=draw-enter][aria-disabled=true]');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('draw-enter');
  server.tell({ type: 'draw_result', draw: { id: 'd1', title: 'Tea for two', prize: 'a cup', seed, commitment, rulesHash: draw.rulesHash, entriesHash: 'ab', entries: 9, drawn: 2, winners: [{ user: 'vera', nick: 'Vera' }, { user: 'bo', nick: 'Bo' }] } });
  await seen(page, 'draw-won');
  expect(await page.textContent('[data-testid=draw-winners]')).toBe('2 winners: Vera, Bo');
  await page.click('[data-testid=draw-fair] summary');
  await seen(page, 'draw-fits', '[data-fits=true]');
  expect(await page.textContent('[data-testid=draw-verify]')).toBe(`liveroom draw verify FILE --commitment ${commitment} --rules-hash ${draw.rulesHash} --entries-hash ab`);
  expect(await page.textContent('[data-testid=said]')).toBe('Tea for two: there are 2 winners');
  await page.click('[data-testid=draw-close]');
  await page.waitForSelector('[data-testid=draw]', { state: 'detached' });
  expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('chat-list');
  // One that runs is there for who comes later.
  server.draw = { ...draw, id: 'd2', state: 'open' };
  await page.reload();
  await seen(page, 'draw', '[data-draw=d2]');
  expect(faults).toEqual([]);
});

test('levels are seen beside names and on cards; one follows the anchor and others', async () => {
  server.levels.set('bo', { level: 23, badge: 'gold' });
  const [{ page, faults }] = await Promise.all([visit(), visit('bo')]);
  server.say('bo', 'hello', 'Bo');
  await page.waitForSelector('[data-testid=chat-message] [data-testid=level][data-level="23"]:has-text("gold")');
  server.event('level', { user: 'bo', nick: 'Bo', level: 24, from: 23, badge: 'gold' });
  await page.waitForSelector('[data-testid=chat-news]:has-text("Bo reached level 24")');
  await page.click('[data-testid=follow]');
  await seen(page, 'followers', '[data-followers="42"]');
  await page.waitForSelector('[data-testid=chat-news]:has-text("Vera follows anna now")');
  await page.click('[data-testid=follow]');
  await seen(page, 'follow', '[data-following=false]');
  await page.click('[data-testid=chat-nick]');
  await seen(page, 'member-card', '[data-user=bo]');
  await page.click('[data-testid=member-follow]');
  await page.waitForSelector('[data-testid=member-follow][aria-pressed=true]');
  server.refuse = { code: 10023, error: 'too_fast' };
  await page.click('[data-testid=member-follow]');
  await page.waitForSelector('[data-testid=member-card] [role=alert]:has-text("too fast")'); // where one looks, and not behind it
  expect(await page.locator('[data-testid=chat-remark]').count()).toBe(0);
  server.refuse = null;
  await page.keyboard.press('Escape');
  await page.focus('[data-testid=online]');
  await page.keyboard.press('Enter');
  await page.click('[data-testid=member][data-user=bo]');
  await seen(page, 'member-card', '[data-user=bo]');
  await page.keyboard.press('Escape');
  await page.waitForSelector('[data-testid=member-card]', { state: 'detached' });
  expect(await page.locator('[data-testid=members]').count()).toBe(1); // only the card was closed
  expect(faults).toEqual([]);
});

test('who gave most is ranked, and how it went is told when it is over', async () => {
  server.ranking = ['Ana', 'Bo', 'Cy', 'Di'].map((nick, i) => ({ rank: i + 1, user: nick.toLowerCase(), nick, avatar: '', level: i, value: 100 * (9 - i), count: 1 }));
  const summary = { session: 's', duration: 3725, pauses: 1, viewers: 50, peak: 20, members: 9, watchTime: 7200, messages: 88, likes: 1234, giftValue: 5000, giftCount: 7, top: server.ranking.slice(0, 2), curve: [1, 5, 3] };
  server.summary = { ...summary, session: 'the one before', duration: 1 };
  const { page, faults } = await visit();
  await page.click('[data-testid=ranking-button]');
  await seen(page, 'rank', '[data-user=cy]');
  expect(await page.locator('[data-testid=ranking] [data-testid=rank]').count()).toBe(3);
  await page.click('label:has([data-testid=ranking-all])');
  await seen(page, 'rank', '[data-user=di]');
  await page.keyboard.press('Escape');
  expect(await page.locator('[data-testid=summary]').count()).toBe(0);
  server.setStatus('demo', 'ended', 'by_anchor', { session: 's' });
  await page.waitForSelector('html[data-status=ended]');
  const late = await visit('late'); // before the server closed it
  await late.page.waitForSelector('html[data-status=ended]');
  server.tell({ type: 'session_summary', ...summary });
  await seen(late.page, 'summary', '[data-session=s]');
  await seen(page, 'summary', '[data-session=s]');
  expect(await page.textContent('[data-testid=sum_duration]')).toContain('1:02:05');
  expect(await page.textContent('[data-testid=sum_likes]')).toContain('1,234');
  expect(await page.locator('[data-testid=summary] [data-testid=rank]').count()).toBe(2);
  expect(faults).toEqual([]);
});

test('a notice of text and pictures shows both, and nothing that could do harm', async () => {
  server.uploads.set('a', PIXEL);
  const { page, faults } = await visit();
  server.event('notice', { notice: JSON.stringify({ text: 'raku <b>firing</b>', images: [`${base}/uploads/a`] }) });
  await page.waitForSelector('[data-testid=notice]:has-text("raku <b>firing</b>")');
  expect(await page.locator('[data-testid=notice-picture]').count()).toBe(1);
  expect(await page.locator('[data-testid=notice] b').count()).toBe(1); // its title
  server.event('notice', { notice: JSON.stringify({ text: '<b>raku</b>', images: [`${base}/uploads/a`, 'javascript:alert(1)'] }) });
  await page.waitForSelector('[data-testid=notice]:has-text("javascript:alert(1)")');
  expect(await page.locator('[data-testid=notice-picture], [data-testid=notice] a').count()).toBe(0);
  server.event('notice', { notice: '{"half' });
  await page.waitForSelector('[data-testid=notice]:has-text(\'{"half\')');
  expect(faults).toEqual([]);
});

test('the lobby is in the order of popularity, whom one follows first, and says why', async () => {
  for (const [id, popularity] of [['quiet', 3], ['loud', 900], ['mine', 10]] as const) server.add(id, 'live', { popularity });
  server.recommendations = [{ id: 'mine', reasons: ['popular', 'following'] }, { id: 'loud', reasons: ['popular'] }, { id: 'quiet', reasons: ['a reason of tomorrow'] }];
  const { page } = await visit();
  await page.goto(`${base}/`);
  await seen(page, 'reason', '[data-reason=following]');
  expect(await page.locator('.programme-onair [data-testid=room-card]').evaluateAll((cards) => cards.map((c) => (c as HTMLElement).dataset.room))).toEqual(['mine', 'loud', 'quiet']);
  expect(await page.locator('[data-testid=reason]').allTextContents()).toEqual(['Following', 'Popular now']);
  await page.evaluate(() => sessionStorage.clear());
  await page.reload();
  await seen(page, 'reason');
  expect(await page.locator('[data-testid=reason]').allTextContents()).toEqual(['Popular now', 'Popular now']); // of a stranger nobody knows more
});

test('nobody reads a lobby that is hidden', async () => {
  const { page } = await open(browser, 'about:blank');
  await page.addInitScript(() => {
    let state = 'hidden';
    Object.defineProperty(document, 'visibilityState', { get: () => state });
    Object.assign(window, { show: () => ((state = 'visible'), document.dispatchEvent(new Event('visibilitychange'))) });
  });
  const asked: string[] = [];
  page.on('request', (request) => request.url().includes('/api/') && asked.push(request.url()));
  await page.goto(`${base}/`);
  await page.waitForSelector('.lobby');
  await page.evaluate(() => dispatchEvent(new Event('online')));
  expect(asked).toEqual([]);
  await page.evaluate(() => (window as unknown as { show(): void }).show());
  await seen(page, 'room-card');
});

test('all of it fits a narrow phone', async () => {
  const long = 'Prinzregententorte mit Sahne';
  server.gifts = [...CATALOGUE, { id: 'gold', name: long, price: 1_234_567_890, icon: '', effect: 'none', combo: false }];
  server.counters = { live_likes: 12_345_678, live_gift_value: 98_765_432_100, live_popularity: 1_234_567 };
  server.ranking = [{ rank: 1, user: 'a', nick: 'Maximilian von und zu Hohenlohe', avatar: '', level: 50, value: 98_765_432_100, count: 9 }, { rank: 2, user: 'b', nick: 'Bo', avatar: '', level: 1, value: 100, count: 1 }];
  server.summary = { session: 's', duration: 36_000, viewers: 1_234_567, likes: 12_345_678, giftValue: 98_765_432_100, top: server.ranking, curve: [1, 5, 3] };
  const { page } = await visit('vera', { viewport: { width: 360, height: 740 }, reducedMotion: 'reduce' });
  const wider = () => page.evaluate(() => [document.scrollingElement as Element, ...document.querySelectorAll('dialog[open], .draw, .gift-panel, .gift-price, .acts, .summary')].filter((box) => box.scrollWidth > box.getBoundingClientRect().width + 4 || box.getBoundingClientRect().right > 360.5).map((box) => box.className));
  server.tell({ type: 'draw_start', draw: { id: 'd', title: long.repeat(3), prize: long, trigger: { keyword: long }, endsAt: new Date(Date.now() + 60_000).toISOString(), winners: 1000, eligibility: { minLevel: 50, follower: true, giftValue: 98_765_432_100, notWonBefore: true }, commitment: 'ab'.repeat(32) } });
  server.gave('Maximilian von und zu Hohenlohe', 'rocket', 9999);
  await seen(page, 'draw');
  expect(await wider()).toEqual([]);
  await page.click('[data-testid=gift-button]');
  await page.click('[data-testid=gift-choice][data-gift=gold]');
  await page.waitForSelector('[data-testid=gift-choice][data-gift=gold]:has-text("12,345,678.90")');
  expect(await wider()).toEqual([]);
  expect(await page.evaluate(() => [...document.querySelectorAll('.gift-choice, [data-testid=chat-input]')].filter((box) => box.scrollWidth > box.clientWidth || box.getBoundingClientRect().bottom > innerHeight).map((box) => box.className))).toEqual([]);
  await page.keyboard.press('Escape');
  await page.click('[data-testid=ranking-button]');
  await page.waitForSelector('[data-testid=rank]:has-text("987,654,321")');
  expect(await wider()).toEqual([]);
  await page.keyboard.press('Escape');
  server.setStatus('demo', 'ended', 'by_anchor', { session: 's' });
  await seen(page, 'summary');
  expect(await wider()).toEqual([]);
});

const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
