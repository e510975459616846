import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BrowserIdentities } from '../../src/chat/identity.ts';

class Shelf {
  kept = new Map<string, string>();
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
  removeItem = (key: string) => void this.kept.delete(key);
}

const guest = { userId: 'guest_1', userSig: 'sig', nick: 'Bo', expiresAt: new Date(Date.now() + 3_600_000).toISOString() };
const address = (hash: string) => ({ hash, pathname: '/rooms/demo', search: '?x=1' }) as Location;
let past: { state: unknown; replaceState: ReturnType<typeof vi.fn> };
const take = (who: BrowserIdentities, hash: string) => who.takeFrom(address(hash), past as unknown as History);

beforeEach(() => {
  past = { state: null, replaceState: vi.fn() };
  vi.stubGlobal('localStorage', new Shelf());
  vi.stubGlobal('sessionStorage', new Shelf());
});
afterEach(() => vi.unstubAllGlobals());

describe('a guest', () => {
  test('is remembered for other tabs, and under the newest name', () => {
    new BrowserIdentities().save(guest);
    const other = new BrowserIdentities();
    expect(other.load()).toEqual({ userID: 'guest_1', userSig: 'sig', nick: 'Bo', guest: true });
    other.renamed('Bob');
    expect(new BrowserIdentities().load()?.nick).toBe('Bob');
    other.forget();
    expect(new BrowserIdentities().load()).toBeNull();
  });

  test('whose time is over is forgotten', () => {
    new BrowserIdentities().save({ ...guest, expiresAt: new Date(Date.now() + 30_000).toISOString() });
    expect(new BrowserIdentities().load()).toBeNull();
    expect((localStorage as unknown as Shelf).kept.size).toBe(0);
  });

  test.each(['', '{', '[]', 'null', '5', '{"userId":"x"}', '{"userId":"x","userSig":5,"nick":"n","expiresAt":"e"}'])('%j is none', (text) => {
    localStorage.setItem('liveroom.guest', text);
    expect(new BrowserIdentities().load()).toBeNull();
  });

  test('without storage lives as long as the page', () => {
    const forbidden = { getItem: () => { throw new Error('no'); }, setItem: () => { throw new Error('no'); }, removeItem: () => { throw new Error('no'); } };
    vi.stubGlobal('localStorage', forbidden);
    vi.stubGlobal('sessionStorage', forbidden);
    const who = new BrowserIdentities();
    expect(who.load()).toBeNull();
    who.save(guest);
    expect(who.load()?.nick).toBe('Bo');
  });
});

describe('a user whom the site signed in', () => {
  test('is taken out of the address, stays for the tab and goes before a guest', () => {
    const who = new BrowserIdentities();
    who.save(guest);
    expect(take(who, '#user=anna&sig=eJyr%2BVg%3D')).toBe(true);
    expect(past.replaceState).toHaveBeenCalledWith(null, '', '/rooms/demo?x=1');
    const reloaded = new BrowserIdentities();
    expect(reloaded.load()).toEqual({ userID: 'anna', userSig: 'eJyr+Vg=', nick: '', guest: false });
    reloaded.renamed('Anna'); // the server knows the name of a user
    vi.stubGlobal('sessionStorage', new Shelf());
    expect(new BrowserIdentities().load()).toMatchObject({ userID: 'guest_1', nick: 'Bo' }); // another tab
  });

  test('whose signature is refused is forgotten, the guest is not', () => {
    const who = new BrowserIdentities();
    who.save(guest);
    take(who, '#user=anna&sig=x');
    who.forget();
    expect(new BrowserIdentities().load()?.userID).toBe('guest_1');
  });

  test.each(['', '#', '#chat', '#user=anna', '#sig=x', '#user=&sig=x'])('%j names none, and the address stays', (hash) => {
    const who = new BrowserIdentities();
    expect(take(who, hash)).toBe(false);
    expect(past.replaceState).not.toHaveBeenCalled();
    expect(who.load()).toBeNull();
  });
});
