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
  await page.waitForSelector('[data-testid=chat]:not([data-state=online])');
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

test('of very many messages only the end is drawn, what its reader reads stays where it is, and there is a way back', async () => {
  const { page } = await open(browser, `${base}/rooms/demo`);
  await online(page);
  let said = 0;
  const flood = async (batches: number) => {
    for (let b = 0; b < batches; b++) {
      server.together(() => {
        for (let i = 0; i < 100; i++) server.say('u1', `line ${++said}`, 'Ana');
      });
    }
  };
  await flood(30);
  await page.waitForSelector('text="line 3000"');
  expect(await rows(page).count()).toBeLessThanOrEqual(60);
  const list = page.locator('[data-testid=chat-list]');
  // To the top, again and again: older ones come, as far as they are kept.
  const drawn = async () => {
    await list.evaluate((box) => (box.scrollTop = 0));
    return rows(page).count();
  };
  await expect.poll(drawn, { timeout: 20_000 }).toBe(300);
  const before = await list.evaluate((box) => {
    box.scrollTop = 2000;
    const row = [...box.children].find((child) => child.getBoundingClientRect().top > box.getBoundingClientRect().top) as Element;
    return [row.textContent, row.getBoundingClientRect().top];
  });
  await flood(10);
  await page.waitForSelector('text=1,000 new messages');
  const after = await list.evaluate((box) => {
    const row = [...box.children].find((child) => child.getBoundingClientRect().top > box.getBoundingClientRect().top) as Element;
    return [row.textContent, row.getBoundingClientRect().top];
  });
  expect(after).toEqual(before);
  expect(await rows(page).count()).toBeLessThanOrEqual(360);
  await page.focus('[data-testid=chat-new]');
  await page.keyboard.press('Enter');
  await page.waitForSelector('text="line 4000"');
  expect(await rows(page).count()).toBeLessThanOrEqual(60);
  expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('log');
});

test('count and notice change as the room says', async () => {
  const { page } = await open(browser, `${base}/rooms/demo`);
  await page.waitForSelector('[data-online="7"]');
  server.event('count', { members: 3, viewers: 1, online: 1500 });
  await page.waitForSelector('text=1,500 watching');
  server.event('notice', { notice: 'back in five' });
  await page.waitForSelector('text=back in five');
  server.event('dismissed', {});
  await page.waitForSelector('[data-testid=chat-out][data-why=dismissed]');
  expect(await page.locator('[data-testid=chat-input]').count()).toBe(0);
});

/** A page of a user whom the site signed in. */
async function signedIn(user: string, options: object = {}): Promise<Awaited<ReturnType<typeof open>>> {
  server.users.set(user, { nick: user[0]?.toUpperCase() + user.slice(1), avatar: '', sig: `sig/of+${user}` });
  const opened = await open(browser, `${base}/rooms/demo#${new URLSearchParams({ user, sig: `sig/of+${user}` })}`, options);
  await opened.page.waitForSelector('[data-testid=chat-me]');
  return opened;
}
const input = (page: Page) => page.locator('[data-testid=chat-input]');
async function say(page: Page, text: string): Promise<void> {
  await input(page).fill(text);
  await page.keyboard.press('Enter');
}

test('a user of the site comes in by the address, which forgets the signature, and stays signed in for the tab', async () => {
  const { page, faults } = await signedIn('vera');
  expect(page.url()).toBe(`${base}/rooms/demo`);
  await say(page, 'hello');
  await page.waitForSelector('[data-testid=chat-message][data-state=sent] .nick:has-text("Vera")');
  await page.reload();
  await page.waitForSelector('[data-testid=chat-me]');
  expect(server.present()).toContain('vera');
  expect(faults).toEqual([]);
});

test('the own message is there at once and once, also when the room’s limit drops it', async () => {
  const { page } = await signedIn('vera');
  await say(page, 'delivered');
  await page.waitForSelector('[data-state=sent]:has-text("delivered")');
  server.dropping = true;
  await say(page, 'dropped');
  await page.waitForSelector('[data-state=sent]:has-text("dropped")');
  server.dropping = false;
  server.say('ana', 'next');
  await page.waitForSelector('text=next');
  expect(await page.locator('.said').allTextContents()).toEqual(['delivered', 'dropped', 'next']);
});

test('a muted user’s input is disabled at once, counts down, and is enabled again by itself', async () => {
  const { page } = await signedIn('vera');
  await page.clock.install();
  await input(page).fill('half a sen');
  server.mute('vera', Math.floor(Date.now() / 1000) + 600);
  await page.waitForSelector('[data-testid=chat-input]:disabled');
  expect(await page.textContent('[data-testid=chat-bar] [role=timer]')).toMatch(/^(9:5\d|10:0[01])$/);
  await page.clock.fastForward(601_000);
  await page.waitForSelector('[data-testid=chat-input]:enabled');
  expect(await input(page).inputValue()).toBe('half a sen'); // nothing typed is lost
  server.mute('vera', 4294967295);
  await page.waitForSelector('text=You are muted here.');
  await page.reload();
  await page.waitForSelector('[data-testid=chat-input]:disabled');
  server.mute('vera', 0);
  await page.waitForSelector('[data-testid=chat-input]:enabled');
});

test('a mute for all disables members and guests, not who keeps order', async () => {
  const [vera, alice, guest] = await Promise.all([signedIn('vera'), signedIn('alice'), open(browser, `${base}/rooms/demo`)]);
  await online(guest.page);
  server.set({ muteAll: true });
  await vera.page.waitForSelector('[data-testid=chat-input]:disabled');
  await guest.page.waitForSelector('[data-testid=chat-input]:disabled');
  server.say('x', 'after the mute');
  await alice.page.waitForSelector('text=after the mute');
  expect(await input(alice.page).isEnabled()).toBe(true);
  server.set({ muteAll: false });
  await vera.page.waitForSelector('[data-testid=chat-input]:enabled');
});

test('where guests only read, nobody is asked for a name', async () => {
  server.set({ guestsSpeak: false });
  const [{ page }, vera] = await Promise.all([open(browser, `${base}/rooms/demo`), signedIn('vera')]);
  await page.waitForSelector('text=Only people with an account may speak here.');
  expect(await input(page).isDisabled()).toBe(true);
  expect(await input(vera.page).isEnabled()).toBe(true);
});

test('slow mode counts down to the next message and keeps what was typed', async () => {
  server.set({ slowMode: 60 });
  const { page } = await signedIn('vera');
  await page.clock.install();
  await page.waitForSelector('text=one message every 60 s');
  await say(page, 'first');
  await page.waitForSelector('[data-testid=chat-send]:not([data-wait="0"])');
  await say(page, 'second');
  expect(await page.textContent('[data-testid=chat-send]')).toMatch(/^(60|5\d)$/);
  expect(await input(page).inputValue()).toBe('second');
  await page.clock.fastForward(61_000);
  await page.waitForSelector('[data-testid=chat-send]:enabled');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-state=sent]:has-text("second")');
  expect(await rows(page).count()).toBe(2);
});

test('who is out is told why, and may come back if that is allowed', async () => {
  const { page } = await signedIn('vera');
  server.say('ana', 'before');
  for (const [reason, more, words] of [
    ['kicked', { detail: 'a break' }, 'You were removed from this chat. “a break”'],
    ['joined_elsewhere', {}, 'You went to another room'],
    ['left_elsewhere', {}, 'You left this room on another device.'],
  ] as const) {
    await input(page).fill('half a sen');
    server.takeOut('vera', reason, more);
    await page.waitForSelector(`[data-testid=chat-out][data-why=${reason}]`);
    expect((await page.textContent('[data-testid=chat-out]'))?.replace(/["“”]/g, '')).toContain(words.replace(/["“”]/g, ''));
    await page.click('[data-testid=chat-back]');
    await online(page);
    expect(await rows(page).count()).toBe(1); // what was said before, once
    expect(await input(page).inputValue()).toBe('half a sen');
  }
  server.takeOut('vera', 'banned', { until: 4294967295 });
  await page.waitForSelector('[data-testid=chat-out][data-why=banned]:has-text("There is no end to it.")');
  expect(await page.locator('[data-testid=chat-back]').count()).toBe(0);
});

test('a ban ends: one may come back then', async () => {
  server.banned.set('vera', Math.floor(Date.now() / 1000) + 600);
  server.users.set('vera', { nick: 'Vera', avatar: '', sig: 's' });
  const { page } = await open(browser, `${base}/rooms/demo#user=vera&sig=s`);
  await page.waitForSelector('[data-testid=chat-out][data-why=banned] [role=timer]');
  expect(await page.locator('[data-testid=chat-back]').count()).toBe(0);
  await page.clock.install({ time: Date.now() + 601_000 });
  server.banned.clear();
  await page.click('[data-testid=chat-back]');
  await online(page);
});

test('a login that ended is told and does not come back by itself', async () => {
  const { page } = await signedIn('vera');
  for (const [reason, more, why] of [
    ['replaced', { type: 'multipleAccount' }, 'replaced'],
    ['kicked', { type: 'REST_API_Kick' }, 'sent_away'],
    ['client_too_old', {}, 'too_old'],
  ] as const) {
    server.bye(reason, more);
    await page.waitForSelector(`[data-testid=chat-out][data-why=${why}]`);
    expect(server.present()).toEqual([]);
    if (why === 'too_old') break;
    await page.click('[data-testid=chat-back]');
    await online(page);
  }
});

test('who comes and goes is told in one soft line, what the operator tells stands out', async () => {
  const { page } = await open(browser, `${base}/rooms/demo`);
  await online(page);
  const who = (nick: string) => ({ user: nick.toLowerCase(), nick, avatar: '' });
  server.event('tips', { joined: [who('Ana'), who('Bo')], left: [], members: 3 });
  server.event('tips', { joined: [who('Cy'), who('Di')], left: [who('Eve')], members: 4 });
  await page.waitForSelector('text=Ana, Bo, and 2 others came in · Eve left');
  expect(await page.locator('[data-testid=chat-crowd]').count()).toBe(1);
  server.event('notification', { content: 'Maintenance at noon', by: 'administrator', time: 1 });
  await page.waitForSelector('[data-testid=chat-system]:has-text("Maintenance at noon")');
});

test('withdrawn messages disappear from the open page, also what was withdrawn while it was away', async () => {
  const { page } = await open(browser, `${base}/rooms/demo`);
  for (const text of ['stays', 'recalled', 'blocked']) server.say('u1', text);
  await page.waitForSelector('text=blocked');
  server.event('recalled', { messages: [{ seq: 2, from: 'u1' }], by: 'anna', reason: '' });
  server.event('modified', { messages: [{ seq: 3, from: 'u1', hasRiskContent: true }], reason: '' });
  await page.waitForSelector('text=blocked', { state: 'detached' });
  expect(await page.locator('.said').allTextContents()).toEqual(['stays']);
});

test('who keeps order has a menu at each message, others at their own alone', async () => {
  const [alice, vera] = await Promise.all([signedIn('alice'), signedIn('vera')]);
  await say(vera.page, 'rude words');
  await alice.page.waitForSelector('text=rude words');
  await say(alice.page, 'be kind');
  await vera.page.waitForSelector('text=be kind');
  expect(await vera.page.locator('[data-testid=chat-message]:has([data-testid=chat-more])').allTextContents()).toEqual([expect.stringContaining('rude words')]);
  const more = alice.page.locator('[data-testid=chat-message]:has-text("rude words") [data-testid=chat-more]');
  await more.focus();
  await alice.page.keyboard.press('Enter');
  await alice.page.click('[data-testid=moderate-mute-600]');
  await vera.page.waitForSelector('text=You are muted until');
  await alice.page.waitForSelector('[data-testid=chat-act]:has-text("Vera was muted")');
  await alice.page.hover('text=rude words');
  await more.click();
  await alice.page.waitForSelector('[data-testid=moderate-ban]');
  await alice.page.keyboard.press('Escape');
  await alice.page.waitForSelector('[data-testid=moderate]', { state: 'detached' });
  expect(await alice.page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('chat-more');
  await more.click();
  await alice.page.click('[data-testid=moderate-ban]');
  await vera.page.waitForSelector('[data-testid=chat-out][data-why=banned]');
  await more.click();
  await alice.page.click('[data-testid=moderate-recall]');
  await alice.page.waitForSelector('text=rude words', { state: 'detached' });
  await vera.page.waitForSelector('text=rude words', { state: 'attached' }); // out, and nothing reaches it
  expect(server.acts).toMatchObject([{ op: 'mute', user: 'vera', seconds: 600 }, { op: 'ban', users: ['vera'] }]);
});

test('pictures, sounds, videos and files are shown; addresses that are none of the web are not', async () => {
  const { page, faults } = await open(browser, `${base}/rooms/demo`);
  await online(page);
  server.uploads.set('cat', PIXEL);
  const image = (url: string) => [{ MsgType: 'TIMImageElem', MsgContent: { UUID: 'u', ImageFormat: 3, ImageInfoArray: [{ Type: 1, Size: 1, Width: 40, Height: 30, URL: url }] } }];
  server.say('u1', image(`${base}/uploads/cat`), 'Ana');
  server.say('u1', image('javascript:document.title="broken"'), 'Ana');
  server.say('u1', [{ MsgType: 'TIMFileElem', MsgContent: { Url: `${base}/uploads/cat`, FileName: '<b>plan</b>.pdf', FileSize: 2048 } }], 'Ana');
  server.say('u1', [{ MsgType: 'TIMFileElem', MsgContent: { Url: 'javascript:alert(1)', FileName: 'evil', FileSize: 1 } }], 'Ana');
  server.say('u1', [{ MsgType: 'TIMSoundElem', MsgContent: { Url: `${base}/uploads/cat`, Second: 3 } }], 'Ana');
  server.say('u1', [{ MsgType: 'TIMVideoFileElem', MsgContent: { VideoUrl: `${base}/uploads/cat`, VideoSecond: 3 } }], 'Ana');
  await page.waitForSelector('video.chat-video');
  await page.waitForFunction(() => document.querySelector<HTMLImageElement>('[data-testid=chat-picture]')?.naturalWidth === 1);
  expect(await page.locator('[data-testid=chat-picture]').count()).toBe(1);
  expect(await page.locator('.chat-gone').count()).toBe(2);
  expect(await page.locator('.chat-note').allTextContents()).toEqual(['0:03', '0:03']); // how long sound and video are
  expect(await page.locator('.chat-file').allTextContents()).toEqual([' <b>plan</b>.pdf 2 KB']);
  expect(await page.locator('[data-testid=chat-list] a').evaluateAll((links) => links.map((a) => (a as HTMLAnchorElement).protocol))).toEqual(['http:', 'http:']);
  expect(await page.getAttribute('[data-testid=chat-picture]', 'loading')).toBe('lazy');
  expect(faults).toEqual([]);
});

test('a picture of one’s own is shown while it goes up; the button is there only where pictures are wanted', async () => {
  const { page, faults } = await signedIn('vera');
  expect(await page.locator('[data-testid=chat-picture-button]').count()).toBe(0);
  server.set({ uploads: 'members' });
  await page.waitForSelector('[data-testid=chat-picture-button]');
  await page.setInputFiles('[data-testid=chat-file]', { name: 'cat.png', mimeType: 'image/png', buffer: PIXEL });
  await page.waitForSelector('[data-testid=chat-message][data-state=sent] a.chat-picture img[src="/uploads/1"]');
  expect(server.uploads.get('1')).toEqual(PIXEL);
  await page.setInputFiles('[data-testid=chat-file]', { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('x') });
  await page.waitForSelector('text=Not sent: this is no picture that can be shown');
  server.set({ uploads: 'admins' });
  await page.waitForSelector('[data-testid=chat-picture-button]', { state: 'detached' });
  expect(faults).toEqual([]);
});

test('another name is in force at once, in what was said before too', async () => {
  const { page } = await open(browser, `${base}/rooms/demo`);
  await online(page);
  await say(page, 'hi');
  await name(page, 'Bo');
  await page.waitForSelector('[data-state=sent] .nick:has-text("Bo")');
  await page.click('[data-testid=chat-me]');
  await name(page, 'Robert');
  await page.waitForSelector('[data-state=sent] .nick:has-text("Robert")');
  await page.reload();
  await page.waitForSelector('[data-testid=chat-me][aria-label*="Robert"]');
});

const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
