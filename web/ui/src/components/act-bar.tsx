import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { amount, compact, compactAmount, t } from '../i18n/index.ts';
import type { Interaction } from '../interact/interaction.ts';
import { lazy } from '../lib/lazy.tsx';
import { Stands, StandsAloud } from './gift-stands.tsx';
import { Close, Heart, Present, Trophy } from './icons.tsx';
import { useNamed } from './name-gate.tsx';

const GiftPanel = lazy(() => import('./gift-panel.tsx').then((m) => m.GiftPanel));
const RankingDialog = lazy(() => import('./ranking-dialog.tsx').then((m) => m.RankingDialog));

/** What one may do beside talking, with what the room has got so far: likes, gifts, and who gave most. */
export function ActBar({ room }: { room: Interaction }): JSX.Element {
  const [open, setOpen] = useState(false);
  const [ranking, setRanking] = useState(false);
  const [taps, setTaps] = useState(0);
  const [named, nameDialog] = useNamed(room.chat);
  const giftButton = useRef<HTMLButtonElement>(null);
  const { likes, giftValue } = room.totals.value;
  const gifts = room.gifts.value ?? [];
  const given = room.given.value;
  const out = room.chat.presence.value.state !== 'online';
  const close = () => {
    setOpen(false);
    giftButton.current?.focus();
  };
  const noted = () => {
    room.forgetGiven();
    giftButton.current?.focus();
  };
  return (
    <div class="acts" data-testid="acts">
      {open && <GiftPanel room={room} gifts={gifts} named={named} onClose={close} />}
      {!open && given && (
        <div class="acts-given">
          <Stands room={room} />
          {given.order.state === 'refused' && (
            <button type="button" class="acts-noted" aria-label={t('close')} onClick={noted} data-testid="given-noted">
              <Close />
            </button>
          )}
        </div>
      )}
      <StandsAloud room={room} />
      <div class="acts-line">
        <button
          type="button"
          class="act act-like"
          disabled={out}
          aria-label={t('like_label', { n: compact(likes) })}
          title={t('like')}
          onClick={() =>
            named(() => {
              setTaps((n) => n + 1);
              room.like();
            })
          }
          data-testid="like"
          data-likes={likes}
        >
          <span class="act-beat" key={taps}>
            <Heart />
          </span>
          <span class="number" aria-hidden="true">
            {compact(likes)}
          </span>
        </button>
        {(gifts.length > 0 || open) && (
          <button ref={giftButton} type="button" class="act act-gift" disabled={out} aria-expanded={open} aria-controls="gift-panel" onClick={() => {
              if (open) return close();
              room.readGifts(); // prices may be others by now
              setOpen(true);
            }} data-testid="gift-button">
            <Present /> {t('gift')}
          </button>
        )}
        {(gifts.length > 0 || giftValue > 0) && (
          <button type="button" class="act" aria-haspopup="dialog" aria-label={t('ranking_label', { n: amount(giftValue) })} title={t('ranking')} onClick={() => setRanking(true)} data-testid="ranking-button" data-value={giftValue}>
            <Trophy />
            <span class="number" aria-hidden="true">
              {compactAmount(giftValue)}
            </span>
          </button>
        )}
      </div>
      {ranking && <RankingDialog room={room} onClose={() => setRanking(false)} />}
      {nameDialog}
    </div>
  );
}
