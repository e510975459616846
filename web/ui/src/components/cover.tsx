import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { webAddress } from '../lib/address.ts';
import { reachable } from '../player/choose.ts';

/** A picture of the room, over its test card; where it can't be had, the card stays. `turn`: with another number it is fetched anew. */
export function Cover({ address, class: name, width = 0, turn }: { address: string; class: string; width?: number; turn?: number }): JSX.Element | null {
  const [broken, setBroken] = useState('');
  const found = webAddress(address);
  if (!found || broken === found) return null;
  const url = reachable(found, location);
  const more = [width > 0 && `width=${width}`, turn !== undefined && `at=${turn}`].filter(Boolean).join('&');
  const src = more ? `${url}${url.includes('?') ? '&' : '?'}${more}` : url;
  return <img class={name} src={src} alt="" loading="lazy" decoding="async" referrerpolicy="no-referrer" onError={() => setBroken(found)} data-testid="cover" />;
}
