import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { amount, t } from '../i18n/index.ts';
import type { Interaction } from '../interact/interaction.ts';

const STILL_MS = 1500;

/** How it stands with what one gave last, in words; '' if there is nothing to say. */
function words(room: Interaction): string {
  const given = room.given.value;
  const balance = room.balance.value;
  if (given?.order.state === 'refused') return given.why ? t('gift_refused', { why: given.why }) : t('gift_refused_plain');
  const stands =
    given === null ? ''
    : given.order.state === 'pending' ? t('gift_pending')
    : t('gift_accepted', { gift: given.order.name, n: given.order.count });
  return [stands, balance === null ? '' : t('gift_balance', { n: amount(balance) })].filter(Boolean).join(' ');
}

/** The same for the eye. It changes with every order of a run of clicks. */
export function Stands({ room }: { room: Interaction }): JSX.Element {
  const state = room.given.value?.order.state ?? '';
  return (
    <p class={`gift-stands${state === 'refused' ? ' gift-refused' : ''}`} data-testid="gift-stands" data-state={state}>
      {words(room)}
    </p>
  );
}

/** The same for the ear: what holds for a moment, and not each step of a run. */
export function StandsAloud({ room }: { room: Interaction }): JSX.Element {
  const said = words(room);
  const [still, setStill] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setStill(said), STILL_MS);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <p class="hidden" role="status" data-testid="gift-aloud">
      {still}
    </p>
  );
}
