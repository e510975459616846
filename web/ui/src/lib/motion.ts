import { signal } from '@preact/signals';

const query = typeof matchMedia === 'undefined' ? null : matchMedia('(prefers-reduced-motion: reduce)');

/** The person asked the device for less movement; follows when that changes. */
export const lessMotion = signal(query?.matches ?? false);
query?.addEventListener('change', (ev) => (lessMotion.value = ev.matches));
