import type { Combo, Gift } from 'liveroom-sdk';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { amount, t } from '../i18n/index.ts';
import type { Interaction } from '../interact/interaction.ts';
import { GiftIcon } from './gift-icon.tsx';
import { Close, Coin } from './icons.tsx';

const QUANTITIES = [1, 10, 66, 188, 520];
const REST_MS = 3000; // the SDK's: after it the next click is another run

interface GiftPanelProps {
  room: Interaction;
  gifts: readonly Gift[];
  named(act: () => void): void;
  onClose(): void;
}

/** The catalogue: choose a gift and how many, and give. A gift that may be a combo is given again and again by clicking on. */
export function GiftPanel({ room, gifts, named, onClose }: GiftPanelProps): JSX.Element {
  const [id, setId] = useState(gifts[0]?.id ?? '');
  const [quantity, setQuantity] = useState(1);
  const panel = useRef<HTMLDivElement>(null);
  const gift = gifts.find((g) => g.id === id) ?? (gifts[0] as Gift);
  useEffect(() => panel.current?.querySelector<HTMLInputElement>('input:checked')?.focus(), []);
  return (
    <div
      id="gift-panel"
      ref={panel}
      class="gift-panel"
      role="group"
      aria-label={t('gifts')}
      data-testid="gift-panel"
      onKeyDown={(ev) => {
        if (ev.key !== 'Escape') return;
        ev.stopPropagation();
        onClose();
      }}
    >
      <button type="button" class="gift-close" aria-label={t('close')} onClick={onClose}>
        <Close />
      </button>
      <fieldset class="gift-list">
        <legend class="hidden">{t('gifts')}</legend>
        {gifts.map((g) => (
          <label key={g.id} class="gift-choice" data-testid="gift-choice" data-gift={g.id}>
            <input type="radio" name="gift" value={g.id} checked={g.id === gift.id} onChange={() => setId(g.id)} />
            <GiftIcon icon={g.icon} />
            <span class="gift-name">{g.name}</span>
            <span class="gift-price number">
              {g.price > 0 ? (
                <>
                  <Coin /> {amount(g.price)}
                </>
              ) : (
                t('gift_free')
              )}
            </span>
          </label>
        ))}
      </fieldset>
      <div class="gift-foot">
        <label class="gift-quantity">
          <span>{t('gift_quantity')}</span>
          <select value={quantity} onChange={(ev) => setQuantity(Number(ev.currentTarget.value))} data-testid="gift-quantity">
            {QUANTITIES.map((n) => (
              <option key={n} value={n}>
                ×{n}
              </option>
            ))}
          </select>
        </label>
        <Stands room={room} />
        {gift.combo ? (
          <ComboButton key={gift.id} room={room} gift={gift} quantity={quantity} named={named} />
        ) : (
          <button type="button" class="button" onClick={() => named(() => void room.give(gift, quantity))} data-testid="gift-give">
            {t('gift_give')}
          </button>
        )}
      </div>
    </div>
  );
}

/** Each click gives; the ring is the time left to go on with the same run. */
function ComboButton({ room, gift, quantity, named }: { room: Interaction; gift: Gift; quantity: number; named(act: () => void): void }): JSX.Element {
  const combo = useRef<Combo | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const [clicks, setClicks] = useState(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const click = () =>
    named(() => {
      combo.current ??= room.combo(gift);
      combo.current.click(quantity);
      setClicks(combo.current.clicks);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => setClicks(0), REST_MS);
    });
  return (
    <button type="button" class={`combo${clicks > 0 ? ' combo-on' : ''}`} onClick={click} aria-label={clicks > 0 ? t('gift_combo_on', { n: clicks }) : t('gift_give')} data-testid="gift-give" data-clicks={clicks}>
      {clicks > 0 && (
        <svg class="combo-ring" viewBox="0 0 40 40" aria-hidden="true" key={clicks}>
          <circle cx="20" cy="20" r="18" pathLength="1" />
        </svg>
      )}
      <span aria-hidden="true" class="number">
        {clicks > 0 ? `×${clicks}` : t('gift_give')}
      </span>
    </button>
  );
}

/** How it stands with what one gave last. */
function Stands({ room }: { room: Interaction }): JSX.Element {
  const given = room.given.value;
  const balance = room.balance.value;
  return (
    <p class="gift-stands" role="status" data-testid="gift-stands" data-state={given?.order.state ?? ''}>
      {given?.order.state === 'pending' && t('gift_pending')}
      {given?.order.state === 'accepted' && t('gift_accepted', { gift: given.order.name, n: given.order.count })}
      {given?.order.state === 'refused' && <span class="gift-refused">{given.why ? t('gift_refused', { why: given.why }) : t('gift_refused_plain')}</span>}
      {balance !== null && given?.order.state !== 'refused' && <span> {t('gift_balance', { n: amount(balance) })}</span>}
    </p>
  );
}
