import type { Combo, Gift } from 'liveroom-sdk';
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { amount, t } from '../i18n/parts.ts';
import type { Interaction } from '../interact/interaction.ts';
import { GiftIcon } from './gift-icon.tsx';
import { Stands } from './gift-stands.tsx';
import { Close, Coin } from './icons.tsx';
import '../styles/gifts.css';

const QUANTITIES = [1, 10, 66, 188, 520];

interface GiftPanelProps {
  room: Interaction;
  gifts: readonly Gift[];
  named(act: () => void): void;
  onClose(): void;
}

/** The catalogue: choose a gift and how many, and give. A gift that may be a combo is given again and again by clicking on. */
export function GiftPanel({ room, gifts, named, onClose }: GiftPanelProps): JSX.Element {
  const [chosen, setChosen] = useState(gifts[0]);
  const [quantity, setQuantity] = useState(1);
  const panel = useRef<HTMLDivElement>(null);
  // One that left the catalogue is none: another in its place would cost what nobody chose to spend.
  const gift = gifts.find((g) => g.id === chosen?.id);
  const gone = gift === undefined;
  useEffect(() => panel.current?.querySelector<HTMLElement>('input:checked')?.focus(), []);
  useEffect(() => {
    const box = panel.current as HTMLElement;
    const here = document.activeElement === document.body || box.contains(document.activeElement); // or what was chosen took the focus with it
    if (gone && here) (box.querySelector('input') ?? box).focus();
  }, [gone]);
  return (
    <div
      id="gift-panel"
      ref={panel}
      class="gift-panel"
      role="group"
      tabIndex={-1}
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
            <input type="radio" name="gift" value={g.id} checked={g.id === gift?.id} onChange={() => setChosen(g)} />
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
      <p class="gift-gone" role="alert" data-testid="gift-gone">
        {gone && t('gift_gone', { gift: chosen?.name ?? '' })}
      </p>
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
        {gift?.combo ? (
          <ComboButton key={gift.id} room={room} gift={gift} quantity={quantity} named={named} />
        ) : (
          <button type="button" class="button gift-once" disabled={gone} onClick={() => named(() => void (gift && room.give(gift, quantity)))} data-testid="gift-give">
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
  useLayoutEffect(() => {
    combo.current = null; // one that began at another price gives nothing any more
    setClicks(0);
  }, [gift.price]);
  const click = () =>
    named(() => {
      combo.current ??= room.combo(gift);
      combo.current.click(quantity);
      setClicks(combo.current.clicks);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => setClicks(0), room.restMs);
    });
  return (
    <button type="button" class={`combo${clicks > 0 ? ' combo-on' : ''}`} onClick={click} aria-label={t(clicks > 0 ? 'gift_combo_on' : 'gift_give')} data-testid="gift-give" data-clicks={clicks}>
      {clicks > 0 && (
        <svg class="combo-ring" viewBox="0 0 40 40" aria-hidden="true" key={clicks}>
          <circle cx="20" cy="20" r="18" pathLength="1" />
        </svg>
      )}
      {/* A number for the eye alone: a name that changes with each click would be read each time. */}
      {clicks > 0 ? <span class="number combo-count" data-count={`×${clicks}`} /> : t('gift_give')}
    </button>
  );
}
