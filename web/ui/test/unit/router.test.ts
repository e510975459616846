import { effect } from '@preact/signals';
import { describe, expect, test } from 'vitest';
import { match, Router, type Place } from '../../src/lib/router.ts';

/** As much of a window as the router sees. */
class FakePlace {
  readonly left: string[] = [];
  readonly entries: string[];
  at = 0;
  readonly listeners = new Map<string, (ev: unknown) => void>();
  constructor(first: string) {
    this.entries = [first];
  }
  get location() {
    const url = new URL(this.entries[this.at] as string);
    return { href: url.href, origin: url.origin, assign: (to: URL) => this.left.push(String(to)) };
  }
  readonly history = {
    pushState: (_: unknown, __: string, to: URL) => {
      this.entries.splice(++this.at, Infinity, String(to));
    },
    replaceState: (_: unknown, __: string, to: URL) => {
      this.entries[this.at] = String(to);
    },
  };
  addEventListener(name: string, run: (ev: unknown) => void) {
    this.listeners.set(name, run);
  }
  removeEventListener(name: string) {
    this.listeners.delete(name);
  }
  back() {
    this.at--;
    this.listeners.get('popstate')?.({});
  }
  /** A click on a link; true: the router took it. */
  click(href: string, more: Record<string, unknown> = {}, link: { target?: string; download?: boolean } = {}): boolean {
    let taken = false;
    const a = { href: new URL(href, this.location.href).href, target: link.target ?? '', hasAttribute: (name: string) => name === 'download' && !!link.download };
    this.listeners.get('click')?.({ button: 0, defaultPrevented: false, target: { closest: () => a }, preventDefault: () => (taken = true), ...more });
    return taken;
  }
}

function started(first = 'https://live.example/admin/rooms?q=tea') {
  const place = new FakePlace(first);
  const router = new Router('/admin', place as unknown as Place);
  return { place, router, stop: router.start() };
}

describe('patterns', () => {
  test.each([
    ['/admin', '/admin', {}],
    ['/admin', '/admin/', {}],
    ['/admin/{section}', '/admin/rooms', { section: 'rooms' }],
    ['/admin/rooms/{room}', '/admin/rooms/%E8%8C%B6%2F1', { room: '茶/1' }],
    ['/admin/{section}', '/admin', null],
    ['/admin/{section}', '/admin//', null],
    ['/admin/{section}', '/admin/rooms/1', null],
    ['/admin/rooms', '/admin/users', null],
    ['/admin/{room}', '/admin/%E8%8C', null],
  ])('%s with %s', (pattern, path, want) => expect(match(pattern, path)).toEqual(want));
});

describe('the router', () => {
  test('goes to an address and back, and tells who follows it', () => {
    const { place, router } = started();
    const seen: string[] = [];
    const stop = effect(() => void seen.push(router.at.value.pathname));
    router.go('/admin/users');
    router.go('/admin/users'); // there already
    expect([router.match('/admin/{section}'), place.entries.length]).toEqual([{ section: 'users' }, 2]);
    place.back();
    expect([router.query('q'), router.query('none')]).toEqual(['tea', '']);
    router.go('nodes', { replace: true });
    expect([seen, place.entries[0]]).toEqual([['/admin/rooms', '/admin/users', '/admin/rooms', '/admin/nodes'], 'https://live.example/admin/nodes']);
    stop();
  });

  test('a filter is set in place, and taken out by nothing', () => {
    const { place, router } = started();
    router.setQuery({ q: 'green tea', status: 'live' });
    expect([place.entries.length, router.query('q'), router.query('status')]).toEqual([1, 'green tea', 'live']);
    router.setQuery({ q: '' });
    expect(place.location.href).toBe('https://live.example/admin/rooms?status=live');
  });

  test('leaves other pages to the browser', () => {
    const { place, router } = started();
    router.go('/rooms/demo');
    router.go('/administrators');
    router.go('https://elsewhere.example/admin');
    expect(place.left).toEqual(['https://live.example/rooms/demo', 'https://live.example/administrators', 'https://elsewhere.example/admin']);
    expect(place.entries.length).toBe(1);
  });

  test('takes plain clicks on its own links and no others', () => {
    const { place, router, stop } = started();
    expect(place.click('/admin/users')).toBe(true);
    expect(router.at.value.pathname).toBe('/admin/users');
    expect(place.click('/admin')).toBe(true);
    for (const more of [{ ctrlKey: true }, { metaKey: true }, { shiftKey: true }, { altKey: true }, { button: 1 }, { defaultPrevented: true }]) expect(place.click('/admin/keys', more)).toBe(false);
    expect(place.click('/admin/keys', {}, { target: '_blank' })).toBe(false);
    expect(place.click('/admin/keys', {}, { download: true })).toBe(false);
    expect(place.click('/rooms/demo')).toBe(false);
    expect(place.click('https://elsewhere.example/admin')).toBe(false);
    expect(place.click('#content')).toBe(false);
    expect(place.click('/admin/x', { target: { closest: () => null } })).toBe(false);
    expect(router.at.value.pathname).toBe('/admin');
    stop();
    expect(place.click('/admin/keys')).toBe(false);
  });

  test('a code behind # on its own page is its own, not the address’s', () => {
    const { router } = started('https://live.example/admin#code=abc');
    expect([router.match('/admin'), router.at.value.hash]).toEqual([{}, '#code=abc']);
  });
});
