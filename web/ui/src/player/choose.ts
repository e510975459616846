import type { PlayAddresses } from '../api/types.ts';

export type EngineKind = 'flv' | 'hls' | 'native';

export interface Candidate {
  engine: EngineKind;
  url: string;
}

export interface Support {
  /** MediaSource, or ManagedMediaSource (iPhone). */
  mse: boolean;
  /** The browser plays HLS itself. Believed only where there is no MediaSource: desktop Chromium says "maybe" and means little. */
  nativeHls: boolean;
}

export function detectSupport(): Support {
  const scope = globalThis as { MediaSource?: unknown; ManagedMediaSource?: unknown };
  return {
    mse: typeof scope.MediaSource === 'function' || typeof scope.ManagedMediaSource === 'function',
    nativeHls:
      typeof scope.MediaSource !== 'function' &&
      typeof document !== 'undefined' &&
      document.createElement('video').canPlayType('application/vnd.apple.mpegurl') !== '',
  };
}

/**
 * Ways to play a live stream, best first: FLV has the shorter delay, HLS gets through more proxies, and what the browser
 * does by itself (Safari on iPhone) is left where the others can't.
 */
export function liveCandidates(play: PlayAddresses, support: Support): Candidate[] {
  const found: Candidate[] = [];
  if (support.mse) {
    if (play.flv) found.push({ engine: 'flv', url: play.flv });
    if (play.hls) found.push({ engine: 'hls', url: play.hls });
  }
  if (support.nativeHls && play.hls) found.push({ engine: 'native', url: play.hls });
  return found;
}

/** How to play back a recording by what its address ends in; null for an address that isn't one for a page. */
export function playbackCandidate(address: string, base: string, support: Support): Candidate | null {
  let url: URL;
  try {
    url = new URL(address, base);
  } catch {
    return null;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  const path = url.pathname.toLowerCase();
  if (path.endsWith('.flv')) return support.mse ? { engine: 'flv', url: url.href } : null;
  if (path.endsWith('.m3u8')) return { engine: support.mse ? 'hls' : 'native', url: url.href };
  return { engine: 'native', url: url.href };
}

/** How a recording of ours, or a time of what is live, is played: both are HLS. */
export function hlsCandidate(url: string, support: Support): Candidate | null {
  if (support.mse) return { engine: 'hls', url };
  return support.nativeHls ? { engine: 'native', url } : null;
}

/** The address of what is live as it was so many seconds ago. */
export const delayed = (hls: string, seconds: number): string => `${hls}${hls.includes('?') ? '&' : '?'}tsDelay=${Math.round(seconds)}`;

/** Adds the unsigned vid=<chat session> that makes player and chat count as one viewer (design §6). */
export function withSession(url: string, session: string): string {
  if (!session) return url;
  return `${url}${url.includes('?') ? '&' : '?'}vid=${encodeURIComponent(session)}`;
}

const loopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || /^127\./.test(host);

/**
 * An address this page can reach. A server whose public URL was never set writes localhost into its addresses, and one
 * behind a TLS proxy may write http: then the page's own origin is what works. The signature covers neither.
 */
export function reachable(address: string, page: { protocol: string; hostname: string; port: string; origin: string }): string {
  let url: URL;
  try {
    url = new URL(address, page.origin);
  } catch {
    return address;
  }
  const sameSpot = loopback(url.hostname) && (!loopback(page.hostname) || url.port === page.port);
  const mixed = page.protocol === 'https:' && url.protocol === 'http:';
  if (!sameSpot && !mixed) return url.href;
  return page.origin + url.pathname + url.search;
}
