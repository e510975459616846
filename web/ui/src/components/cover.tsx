import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { webAddress } from '../lib/address.ts';
import { reachable } from '../player/choose.ts';

/** A picture of the room, over its test card; where it can't be had, the card stays. */
export function Cover({ address, class: name, width = 0 }: { address: string; class: string; width?: number }): JSX.Element | null {
  const [broken, setBroken] = useState('');
  const found = webAddress(address);
  if (!found || broken === found) return null;
  const url = reachable(found, location);
  const src = width > 0 ? `${url}${url.includes('?') ? '&' : '?'}width=${width}` : url;
  return <img class={name} src={src} alt="" loading="lazy" decoding="async" referrerpolicy="no-referrer" onError={() => setBroken(found)} data-testid="cover" />;
}
