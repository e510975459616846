import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContextOptions, Frame, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { MockServer } from '../mock/server.ts';
import { launch, violations } from './browser.ts';

// A page of another site (localhost and not 127.0.0.1) with a room in a frame, as docs/clients.md tells to make one.
let browser: Browser;
let server: MockServer;
let base: string;
let shop: Server;
let outside: string;

const shopPage = (src: string) => `<!doctype html><html lang="en"><head><title>A shop</title></head><body><main><h1>A shop</h1>
<iframe id="live" title="Live" src="${src.replaceAll('&', '&amp;')}" width="960" height="400" allow="autoplay; fullscreen; picture-in-picture"></iframe></main>
<script>
var told = [];
var frame = document.getElementById('live').contentWindow;
addEventListener('message', (ev) => ev.source === frame && ev.origin === ${JSON.stringify(base)} && told.push(ev.data));
var say = (command) => frame.postMessage(command, ${JSON.stringify(base)});
</script></body></html>`;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
beforeEach(async () => {
  server = new MockServer();
  base = await server.listen();
  server.add('demo', 'live', { title: 'A title', online: 5 });
  server.stream.push();
  shop = createServer((req, res) => res.writeHead(200, { 'Content-Type': 'text/html' }).end(shopPage(base + decodeURIComponent(req.url?.slice(1) ?? ''))));
  await new Promise<void>((resolve) => shop.listen(0, 'localhost', resolve));
  outside = `http://localhost:${(shop.address() as AddressInfo).port}`;
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  shop.closeAllConnections();
  await new Promise((resolve) => shop.close(resolve));
  await server.close();
});

type Told = Record<string, unknown>;

async function visit(path: string, options: BrowserContextOptions = {}, script = ''): Promise<{ page: Page; frame: Frame; faults: string[] }> {
  const context = await browser.newContext({ locale: 'en-US', ...options });
  if (script) await context.addInitScript(script);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (err) => faults.push(err.message));
  page.on('console', (m) => m.type() === 'error' && /Content Security Policy|Uncaught/.test(m.text()) && faults.push(m.text()));
  await page.goto(`${outside}/${encodeURIComponent(path)}`);
  const frame = await (await page.waitForSelector('#live')).contentFrame();
  return { page, frame: frame as Frame, faults };
}

const say = (page: Page, command: Told) => page.evaluate((c) => (globalThis as unknown as { say(c: unknown): void }).say(c), command);
const told = (page: Page, like: Told): Promise<Told> =>
  page
    .waitForFunction((like) => {
      const { told } = globalThis as unknown as { told: Record<string, unknown>[] };
      return told.findLast((t) => Object.entries(like).every(([k, v]) => t[k] === v));
    }, like)
    .then((found) => found.jsonValue() as Promise<Told>);
const moving = (frame: Frame) => frame.waitForFunction(() => (document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > 20);
const muted = (frame: Frame) => frame.evaluate(() => document.querySelector('video')?.muted);

test('a page of another site has picture and chat in a frame, tells it what to do and is told how it is', async () => {
  server.users.set('vera', { nick: 'Vera', avatar: '', sig: 's' });
  const { page, frame, faults } = await visit('/embed/demo');
  await frame.waitForSelector('[data-testid=embed][data-layout=both]');
  await moving(frame);
  expect(await muted(frame)).toBe(true);
  await told(page, { type: 'liveroom:ready', room: 'demo', title: 'A title', video: true, chat: true });
  await told(page, { type: 'liveroom:status', status: 'live', scene: 'live', online: 5 });
  await told(page, { type: 'liveroom:player', phase: 'playing', playing: true, muted: true });
  expect(await frame.getAttribute('[data-testid=embed-link]', 'href')).toBe('/rooms/demo');
  expect(await frame.getAttribute('[data-testid=embed-link]', 'target')).toBe('_blank');

  await say(page, { type: 'liveroom:unmute', id: 1 });
  expect(await told(page, { type: 'liveroom:answer', id: 1 })).toMatchObject({ to: 'liveroom:unmute', ok: true });
  expect(await muted(frame)).toBe(false);
  await say(page, { type: 'liveroom:pause', id: 2 });
  await frame.waitForSelector('[data-testid=overlay][data-scene=held]');
  await told(page, { type: 'liveroom:player', held: true, phase: 'idle', playing: false });
  await say(page, { type: 'liveroom:play', id: 3 });
  await told(page, { type: 'liveroom:player', held: false, phase: 'playing', playing: true });

  await frame.waitForSelector('[data-testid=chat][data-state=online]');
  await say(page, { type: 'liveroom:signin', user: 'vera', sig: 'wrong', id: 4 });
  expect(await told(page, { id: 4 })).toMatchObject({ ok: false, error: 'signature_refused' });
  await say(page, { type: 'liveroom:signin', user: 'vera', sig: 's', id: 5 });
  expect(await told(page, { id: 5 })).toMatchObject({ ok: true });
  await frame.waitForSelector('[data-testid=chat-me]');
  expect(server.present()).toEqual(['vera']);
  const kept = await page.context().newPage();
  await kept.goto(`${base}/index.html`);
  expect(await kept.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))).not.toContain('vera');
  await say(page, { type: 'liveroom:signout', id: 6 });
  await told(page, { id: 6, ok: true });
  await frame.waitForSelector('[data-testid=chat-me]', { state: 'detached' });

  await say(page, { type: 'liveroom:theme', theme: 'dark' });
  await frame.waitForSelector('html[data-theme=dark]');
  server.setStatus('demo', 'ended', 'by_anchor');
  await told(page, { type: 'liveroom:status', status: 'ended' });
  await frame.waitForSelector('html[data-status=ended]');
  expect(faults).toEqual([]);
});

test('with its storage blocked and nothing fetched before a press, the frame plays without chat', async () => {
  const blocked = ['localStorage', 'sessionStorage', 'indexedDB', 'caches']
    .map((name) => `Object.defineProperty(window, '${name}', { get() { throw new DOMException('blocked', 'SecurityError'); } });`)
    .join('');
  const { page, frame, faults } = await visit('/embed/demo?chat=0&autoplay=0&theme=dark&lang=zh&nonsense=1', {}, blocked);
  await frame.waitForSelector('[data-testid=embed][data-layout=video]');
  expect(await frame.$('[data-testid=chat]')).toBeNull();
  expect(await frame.getAttribute('html', 'lang')).toBe('zh-CN');
  expect(await frame.getAttribute('html', 'data-theme')).toBe('dark');
  await told(page, { type: 'liveroom:player', held: true });
  expect(server.stream.requests).toHaveLength(0);
  await frame.click('[data-testid=tap-to-play]');
  await moving(frame);
  await frame.click('[data-testid=unmute]');
  expect(await muted(frame)).toBe(false);
  expect(await frame.evaluate(() => { try { return localStorage.length; } catch { return 'blocked'; } })).toBe('blocked');
  expect(await page.context().cookies()).toEqual([]);
  expect(faults).toEqual([]);
});

test('no window but the one around is obeyed', async () => {
  const { page, frame } = await visit('/embed/demo?chat=0');
  await told(page, { type: 'liveroom:player', playing: true });
  // A frame beside it, of the same site even, gets hold of its window and commands; then the page around says hello.
  await page.evaluate(async (src) => {
    const beside = document.createElement('iframe');
    beside.title = 'beside';
    beside.src = src;
    await new Promise((resolve) => ((beside.onload = resolve), document.body.append(beside)));
  }, `${base}/index.html`);
  const other = page.frames().find((f) => f.url().endsWith('/index.html')) as Frame;
  await other.evaluate(() => (parent.frames[0] as Window).postMessage({ type: 'liveroom:pause' }, '*'));
  await say(page, { type: 'liveroom:hello', id: 'after' });
  await told(page, { type: 'liveroom:answer', id: 'after', ok: true });
  expect(await frame.$('[data-scene=held]')).toBeNull();
  expect(await told(page, { type: 'liveroom:player' })).toMatchObject({ held: false });
});

test('chat alone, a room that is not there, and no controls', async () => {
  const { page, frame } = await visit('/embed/demo?video=0');
  await frame.waitForSelector('[data-testid=embed][data-layout=chat] [data-testid=chat][data-state=online]');
  expect(await frame.$('video')).toBeNull();
  await say(page, { type: 'liveroom:play', id: 1 });
  expect(await told(page, { id: 1 })).toMatchObject({ ok: false, error: 'not_ready' });
  const none = await visit('/embed/none');
  await told(none.page, { type: 'liveroom:absent', room: 'none', reason: 'missing' });
  await none.frame.waitForSelector('[data-testid=absent][data-state=missing]');
  const bare = await visit('/embed/demo?controls=0&chat=0');
  await moving(bare.frame);
  expect(await bare.frame.$('[data-testid=unmute], .controls')).toBeNull();
});

test('the examples of the documentation work', async () => {
  const docs = readFileSync(new URL('../../../../docs/clients.md', import.meta.url), 'utf8');
  const section = /^## Embedding$(.*?)^## /ms.exec(docs)?.[1] ?? '';
  const examples = [...section.matchAll(/^```html\n(.*?)^```/gms)].map(([, html]) => (html as string).replaceAll('https://live.example.com', base));
  expect(examples).toHaveLength(2);
  shop.removeAllListeners('request').on('request', (_req, res) => res.writeHead(200, { 'Content-Type': 'text/html' }).end(`<!doctype html><title>Shop</title>${examples.join('')}`));
  const page = await (await browser.newContext({ locale: 'en-US' })).newPage();
  const heard = page.waitForEvent('console', { predicate: (m) => m.text() === 'live 5' });
  await page.goto(outside);
  await heard;
  for (const [i, layout] of ['both', 'video', 'chat', 'both'].entries()) {
    const frame = await (await page.$$('iframe'))[i]?.contentFrame();
    await frame?.waitForSelector(`[data-testid=embed][data-layout=${layout}]`);
    expect(frame?.url()).toContain('/embed/demo');
  }
});

const looks: [string, string, BrowserContextOptions][] = [
  ['picture and chat', 'demo', { colorScheme: 'dark', viewport: { width: 390, height: 760 } }],
  ['a picture that waits', 'demo?autoplay=0&chat=0', { colorScheme: 'light' }],
  ['chat', 'demo?video=0&lang=zh', { colorScheme: 'light' }],
  ['nothing', 'none', { colorScheme: 'dark' }],
];
test.each(looks)('a frame of %s can be used by everyone', async (_name, path, options) => {
  const context = await browser.newContext({ locale: 'en-US', reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  await page.goto(`${base}/embed/${path}`);
  await page.waitForSelector('[data-testid=tap-to-play], [data-phase=playing], [data-layout=chat] [data-state=online], [data-state=missing]');
  expect(await violations(page)).toEqual([]);
});
