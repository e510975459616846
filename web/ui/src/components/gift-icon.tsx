import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { webAddress } from '../lib/address.ts';
import { Present } from './icons.tsx';

const SHORT = 8; // UTF-16 units: one emoji of several parts

/** The picture of a gift: an address on the web, a short text such as an emoji, or a box where there is neither. */
export function GiftIcon({ icon }: { icon: string }): JSX.Element {
  const [broken, setBroken] = useState('');
  const url = webAddress(icon);
  if (url && url !== broken) return <img class="gift-icon" src={url} alt="" width="32" height="32" decoding="async" referrerpolicy="no-referrer" onError={() => setBroken(url)} />;
  return (
    <span class="gift-icon" aria-hidden="true">
      {url === '' && icon !== '' && icon.length <= SHORT ? icon : <Present />}
    </span>
  );
}
