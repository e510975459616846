import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { open } from '../browser/browser.ts';

interface Visitor {
  page: Page;
  faults: string[];
  as: string;
}

/** Pages that are used again from test to test: to open one costs more than all that is done in it. Nothing is kept from one visit to the next. */
export class Visitors {
  #browser: Browser;
  #here: Visitor[] = [];
  #rest: Visitor[] = [];

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  async open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const as = JSON.stringify(options);
    const known = this.#rest.findIndex((one) => one.as === as);
    const [one = { ...(await open(this.#browser, 'about:blank', options)), as }] = known < 0 ? [] : this.#rest.splice(known, 1);
    this.#here.push(one);
    await one.page.goto(url);
    return one.page;
  }

  /** All leave, and take with them what the pages kept. Returns what went wrong in them. */
  async leave(): Promise<string[]> {
    const here = this.#here.splice(0);
    await Promise.all(here.map(async ({ page }) => {
      const context = page.context();
      await context.setOffline(false);
      for (const other of context.pages()) if (other !== page) await other.close();
      const { origin } = new URL(page.url());
      await page.goto(`${origin}/gifts/tea.svg`); // of the same place: else each visit would take a process of its own
      const devtools = await context.newCDPSession(page);
      await devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
      await devtools.detach();
    }));
    this.#rest.push(...here);
    return here.flatMap(({ faults }) => faults.splice(0));
  }
}
