import { signal } from '@preact/signals';
import { lessMotion } from './motion.ts';
import { store } from './storage.ts';

/** How messages fly over the picture, as this person wants it on this device. */
export interface Flight {
  density: 'few' | 'some' | 'many';
  size: 'small' | 'middle' | 'large';
  opacity: number; // percent
}

export const DENSITIES = ['few', 'some', 'many'] as const;
export const SIZES = ['small', 'middle', 'large'] as const;
export const LEAST_OPACITY = 20;

/** Messages a second, and their size by that of the picture. */
export const PER_SECOND: Record<Flight['density'], number> = { few: 3, some: 8, many: 20 };
export const SCALE: Record<Flight['size'], number> = { small: 0.75, middle: 1, large: 1.4 };

/** What was remembered, as far as it makes sense. */
export function parseFlight(text: string | null): Flight {
  let known: Partial<Flight> = {};
  try {
    known = (JSON.parse(text ?? '') as Partial<Flight> | null) ?? {};
  } catch {
    // Nothing is remembered.
  }
  const opacity = Number(known.opacity);
  return {
    density: DENSITIES.find((one) => one === known.density) ?? 'some',
    size: SIZES.find((one) => one === known.size) ?? 'middle',
    opacity: opacity >= LEAST_OPACITY && opacity <= 100 ? Math.round(opacity) : 100,
  };
}

export const flight = signal<Flight>(parseFlight(store.read('flight')));

export function setFlight(next: Partial<Flight>): void {
  flight.value = { ...flight.value, ...next };
  store.write('flight', JSON.stringify(flight.value));
}

const chosen = store.read('danmaku');

/** Flying messages are movement: off for who asked the device for less of it, until switched on by hand. */
export const flying = signal(chosen === null ? !lessMotion.peek() : chosen === 'on');

export function setFlying(on: boolean): void {
  flying.value = on;
  store.write('danmaku', on ? 'on' : 'off');
}
