import type { JSX } from 'preact';
import { webAddress } from '../lib/address.ts';
import { hash } from '../lib/hash.ts';

const SIZES = { small: 28, middle: 36, large: 72 };
const COLOURS = 8;

export interface AvatarProps {
  /** Whose: the letter and colour come from it where there is no picture. */
  name: string;
  address?: string;
  size?: keyof typeof SIZES;
}

/** Somebody's picture, or the first letter of the name on a colour that stays theirs. The name stands beside it. */
export function Avatar({ name, address = '', size = 'middle' }: AvatarProps): JSX.Element {
  const url = webAddress(address);
  const px = SIZES[size];
  return url ? (
    <img class={`avatar avatar-${size}`} src={url} alt="" width={px} height={px} loading="lazy" referrerpolicy="no-referrer" />
  ) : (
    <span class={`avatar avatar-${size} avatar-c${hash(name) % COLOURS}`} aria-hidden="true">
      {[...name][0]?.toUpperCase() ?? '?'}
    </span>
  );
}
