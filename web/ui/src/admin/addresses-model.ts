import type { Schemas } from '../api/http.ts';
import { serverTime } from './room-form.ts';
import type { ServerKey } from './server-texts.ts';

/** How long an address is good, as the server reads it; `usual` leaves it to the server. */
export const LIVES = ['usual', '1h', '24h', '168h', '720h', '8760h'] as const;

export interface AddressForm {
  of: 'room' | 'stream';
  room: string;
  stream: string;
  app: string;
  life: (typeof LIVES)[number] | 'until';
  until: string; // as a form has it, in the reader's time zone
}

export const emptyAddress: AddressForm = { of: 'room', room: '', stream: '', app: '', life: 'usual', until: '' };

export function addressFaults(form: AddressForm, now: number): Partial<Record<keyof AddressForm, ServerKey>> {
  const faults: Partial<Record<keyof AddressForm, ServerKey>> = {};
  if (form[form.of].trim() === '') faults[form.of] = 'fault_empty';
  if (form.life === 'until' && !(Date.parse(form.until) > now)) faults.until = 'fault_past';
  return faults;
}

export function addressDraft(form: AddressForm): Schemas['AddressesOfInBody'] {
  const until = form.life === 'until' ? serverTime(form.until) : null;
  return {
    [form.of]: form[form.of].trim(),
    ...(form.app.trim() ? { app: form.app.trim() } : {}),
    ...(until ? { expiresAt: until } : {}),
    ...(form.life !== 'usual' && form.life !== 'until' ? { expiresIn: form.life } : {}),
  };
}
