import type { Page } from 'playwright-core';
import type { House } from './house.ts';

/** One picture of the tour. */
export interface Shot {
  name: string;
  title: string;
  /** What is to be seen, in a sentence or two. */
  text: string;
  /** Goes there; signed in as it needs. */
  go(page: Page, house: House, base: string): Promise<unknown>;
}

export interface Chapter {
  title: string;
  shots: Shot[];
}

const live = '[data-phase=playing]';
const online = '[data-testid=chat][data-state=online]';

const room = (id: string, ready: string, user = 'vera') => async (page: Page, house: House, base: string) => {
  await page.goto(`${base}/rooms/${id}${user && house.server.signIn(user)}`);
  await page.waitForSelector(online);
  await page.waitForSelector(ready);
  await page.waitForTimeout(700); // fonts, covers, the first picture
};
const overlay = (scene: string) => `[data-testid=overlay][data-scene=${scene}]`;

const admin = (path: string, ready: string) => async (page: Page, _house: House, base: string) => {
  await page.goto(`${base}/admin${path}`);
  await page.waitForSelector(ready);
  await page.waitForTimeout(1200);
};

const table = (testid: string) => `[data-testid=${testid}][data-state=ready]`;

const desk = async (page: Page, house: House, base: string, id: string) => {
  await page.goto(`${base}/anchor?room=${id}${house.server.signIn('mei')}`);
  await page.waitForSelector('[data-testid=desk]');
  await page.waitForSelector(online);
  await page.waitForTimeout(1500);
};

export const chapters: Chapter[] = [
  {
    title: 'Watching',
    shots: [
      { name: 'lobby', title: 'The lobby', text: 'What is on the air, what comes, what can be seen again; live, with search and filters.', go: async (page, _house, base) => { await page.goto(base); await page.waitForSelector('[data-testid=room-card]'); await page.waitForTimeout(1500); } },
      { name: 'lobby-none', title: 'Nothing found', text: 'A search that finds nothing says so, and how to go on.', go: async (page, _house, base) => { await page.goto(`${base}/?q=opera`); await page.waitForSelector('[data-testid=lobby-none]'); } },
      {
        name: 'live', title: 'A room on the air', text: 'The picture with flying messages and gifts over it, the room’s facts and notice below, the chat beside it.',
        go: async (page, house, base) => {
          await room('pottery', live)(page, house, base);
          await house.give('pottery', 'ana', 'tea', 3);
          await house.say('pottery', 'kiln', 'look at that glaze!');
          await page.waitForTimeout(900);
        },
      },
      { name: 'gifts', title: 'Giving', text: 'The catalogue, and a button for runs of clicks.', go: async (page, house, base) => { await room('pottery', live)(page, house, base); await page.click('[data-testid=gift-button]'); await page.waitForSelector('[data-testid=gift-choice]'); } },
      { name: 'figures', title: 'How the stream comes', text: 'Asked for with the key i: protocol, resolution, rate, delay, what was dropped.', go: async (page, house, base) => { await room('pottery', live)(page, house, base); await page.locator('[data-testid=stage]').focus().catch(() => {}); await page.locator('[data-testid=stage] button').first().focus(); await page.keyboard.press('i'); await page.waitForSelector('[data-testid=figures]'); await page.waitForTimeout(1500); } },
      { name: 'share', title: 'Sharing', text: 'Link, QR code, and the line that puts the room on another site.', go: async (page, house, base) => { await room('pottery', live)(page, house, base); await page.click('[data-testid=share-open]'); await page.waitForSelector('[data-testid=share]'); await page.waitForTimeout(500); } },
      { name: 'nick', title: 'A guest takes a name', text: 'Reading needs none; who wants to speak is asked once.', go: async (page, house, base) => { await room('pottery', live, '')(page, house, base); await page.fill('[data-testid=chat-input]', 'hello'); await page.keyboard.press('Enter'); await page.waitForSelector('[data-testid=nick-dialog]'); } },
      { name: 'waiting', title: 'To be started', text: 'A countdown to the start that was said.', go: room('quiz', overlay('waiting')) },
      { name: 'paused', title: 'Paused by its anchor', text: 'Nothing of the anchor is shown; the chat goes on.', go: room('garden', overlay('paused')) },
      { name: 'interrupted', title: 'Interrupted', text: 'The push was lost: the room waits for its anchor.', go: room('rail', overlay('interrupted')) },
      { name: 'ended', title: 'Ended', text: 'How it went: viewers, the most at once, gifts, the curve.', go: room('over', '[data-testid=summary]') },
      { name: 'playback', title: 'Played back', text: 'The recording with its chat, in time with it.', go: room('talk', live) },
      { name: 'embed', title: 'On another site', text: '/embed/{room}: picture and chat, or one of them.', go: async (page, _house, base) => { await page.goto(`${base}/embed/pottery`); await page.waitForSelector(live); await page.waitForTimeout(800); } },
    ],
  },
  {
    title: 'The anchor’s console',
    shots: [
      { name: 'anchor-sign-in', title: 'Signing in', text: 'By a link that is good once, or with a UserSig.', go: async (page, _house, base) => { await page.goto(`${base}/anchor`); await page.waitForSelector('[data-testid=sign-in]'); } },
      { name: 'anchor-waiting', title: 'Before the live', text: 'Where to push, and how OBS is told.', go: async (page, house, base) => { await desk(page, house, base, 'quiz'); await page.click('[data-testid=obs-guide] summary'); await page.locator('[data-testid=push]').scrollIntoViewIfNeeded(); await page.evaluate(() => document.querySelector('[data-testid=push]')?.scrollIntoView()); } },
      { name: 'anchor-live', title: 'On the air', text: 'What viewers see, what the room may be made to do, the chat to keep order in.', go: (page, house, base) => desk(page, house, base, 'pottery') },
      { name: 'anchor-health', title: 'How the push does', text: 'Advice in words first, then figures and how they went.', go: async (page, house, base) => { await desk(page, house, base, 'pottery'); await page.waitForSelector('[data-testid=plots] canvas'); await page.evaluate(() => document.querySelector('[data-testid=health]')?.scrollIntoView()); await page.waitForTimeout(500); } },
      { name: 'anchor-draw', title: 'A lucky draw', text: 'Who says the word takes part; anybody can check that it was fair.', go: async (page, house, base) => { await desk(page, house, base, 'pottery'); await page.click('[data-testid=tabs-draws]'); await page.waitForSelector('[data-testid=draw-form]'); await page.evaluate(() => document.querySelector('[data-testid=tabs]')?.scrollIntoView()); } },
    ],
  },
  {
    title: 'The administrators’ console',
    shots: [
      { name: 'admin-sign-in', title: 'Signing in', text: 'By the link that the server prints, or with the API token.', go: async (page, _house, base) => { await page.context().clearCookies(); await page.goto(`${base}/admin`); await page.waitForSelector('input'); } },
      { name: 'admin-overview', title: 'Overview', text: 'What is on, what needs somebody.', go: admin('', 'h1') },
      { name: 'admin-rooms', title: 'Rooms', text: 'All of them, as they change.', go: admin('/rooms', table('rooms')) },
      { name: 'admin-room', title: 'One room', text: 'What it does and may be made to do, its push, its people.', go: admin('/rooms/pottery', '[data-testid=standing]') },
      { name: 'admin-wall', title: 'Monitor wall', text: 'Every live room as a picture, those with problems first.', go: async (page, house, base) => { await admin('/wall', 'h1')(page, house, base); await page.waitForTimeout(2500); } },
      { name: 'admin-users', title: 'Users', text: 'Accounts and guests.', go: admin('/users', table('users')) },
      { name: 'admin-user', title: 'One user', text: 'Profile, level, membership; mutes and bans in a room; signing out.', go: admin('/users/ana', '[data-testid=user-page]') },
      { name: 'admin-words', title: 'Sensitive words', text: 'What is not said here.', go: admin('/words', table('words')) },
      { name: 'admin-gifts', title: 'Gifts', text: 'The catalogue.', go: admin('/gifts', table('gifts')) },
      { name: 'admin-ledger', title: 'Ledger', text: 'What was given in a room.', go: admin('/gifts?view=ledger&room=pottery', table('ledger')) },
      { name: 'admin-broadcasts', title: 'Broadcasts', text: 'One message to many rooms, with its progress.', go: admin('/broadcasts', table('broadcasts')) },
      { name: 'admin-recordings', title: 'Recordings', text: 'What was kept, to play, cut, export and delete.', go: admin('/recordings', 'h1') },
      { name: 'admin-callbacks', title: 'Callbacks', text: 'Receivers, how they are, what they did not take.', go: admin('/callbacks', 'h1') },
      { name: 'admin-addresses', title: 'Addresses', text: 'Making them, and why one was refused.', go: admin('/addresses', 'h1') },
      { name: 'admin-keys', title: 'Keys', text: 'Rotating what signs addresses, while everything runs.', go: admin('/keys', 'h1') },
      { name: 'admin-usersigs', title: 'UserSigs', text: 'Making and checking them.', go: admin('/usersigs', 'h1') },
      { name: 'admin-settings', title: 'Settings', text: 'Switches that are changed while the server runs.', go: admin('/settings', 'h1') },
      { name: 'admin-nodes', title: 'Nodes', text: 'The servers, and how each is.', go: admin('/nodes', 'h1') },
      { name: 'admin-audit', title: 'Audit log', text: 'Who did what.', go: admin('/audit', table('audit')) },
    ],
  },
  {
    title: 'The parts',
    shots: [{ name: 'ui', title: 'The design system', text: '/ui shows every part of the pages in all its states.', go: async (page, _house, base) => { await page.goto(`${base}/ui`); await page.waitForSelector('[data-testid=ui-themes], h1'); await page.waitForTimeout(500); } }],
  },
];
