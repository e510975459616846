import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** What the pages' content policy refused, in any page of any test; test/browser/setup.ts looks after each. */
export const refused: string[] = [];

export async function launch(): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--autoplay-policy=no-user-gesture-required'],
  });
  const open = browser.newContext.bind(browser); // newPage comes by it too
  browser.newContext = async (options) => {
    const context = await open(options);
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (ev) => console.error(`Content Security Policy: ${ev.effectiveDirective} refused ${ev.blockedURI} at ${ev.sourceFile}:${ev.lineNumber}`));
    });
    context.on('console', (message) => /Content Security Policy/.test(message.text()) && refused.push(message.text()));
    return context;
  };
  return browser;
}

/** A page that remembers everything that went wrong in it: script errors and whatever the content policy refused. */
export async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 760 }, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (err) => faults.push(err.message));
  page.on('console', (m) => m.type() === 'error' && /Content Security Policy|Uncaught/.test(m.text()) && faults.push(m.text()));
  await page.goto(url);
  return { page, faults };
}

/** How many frames of the video were decoded. */
export const frames = (page: Page): Promise<number> =>
  page.evaluate(() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0);

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Rules of axe that look at colours. What the others say does not depend on the appearance. */
const COLOURS = ['color-contrast', 'link-in-text-block'];

/** What keeps people from using a page. Evaluated, not added as a tag: the page's policy allows no foreign script. */
export async function violations(page: Page, rules: string[] = []): Promise<string[]> {
  if (await page.evaluate(() => !('axe' in window))) await page.evaluate(axe);
  return page.evaluate(async (values) => {
    const { axe } = window as unknown as { axe: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } };
    const result = await axe.run({ resultTypes: ['violations'], ...(values.length > 0 && { runOnly: { type: 'rule', values } }) });
    return result.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html} ${n.failureSummary}`));
  }, rules);
}

/** What keeps people from using a page that follows the browser's appearance, by day and by night; it is by day again afterwards. */
export async function violationsOfBoth(page: Page): Promise<string[]> {
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const day = await ground();
  const found = await violations(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  if ((await ground()) === day) throw new Error('the page looks the same by night');
  found.push(...(await violations(page, COLOURS)).map((what) => `by night, ${what}`));
  await page.emulateMedia({ colorScheme: 'light' });
  return found;
}
