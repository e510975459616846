import type { JSX } from 'preact';
import { webAddress } from '../lib/address.ts';
import { t } from '../i18n/index.ts';
import type { Interaction } from '../interact/interaction.ts';
import { GiftIcon } from './gift-icon.tsx';
import { LevelBadge } from './level-badge.tsx';
import '../styles/lane.css';

/** Gifts over the picture. They are read out apart from it, and not all of them. */
export function GiftLaneLayer({ room }: { room: Interaction }): JSX.Element {
  const banner = room.banner.value;
  return (
    <div class="gift-over" aria-hidden="true">
      {banner && (
        <p class="gift-banner" key={banner.order} data-testid="gift-banner">
          <GiftIcon icon={banner.gift.icon} />
          <span>
            <bdi>{banner.from.nick || banner.from.userID}</bdi> {t('gift_sent', { gift: banner.gift.name })}
          </span>
          {banner.count > 1 && <b class="number">×{banner.count}</b>}
          <GiftIcon icon={banner.gift.icon} />
        </p>
      )}
      <ul class="gift-lane" data-testid="gift-lane">
        {room.lane.runs.value.map((run) => {
          const avatar = webAddress(run.from.avatar);
          return (
            <li key={run.key} class={`gift-run${run.own ? ' gift-own' : ''}`} data-testid="gift-run" data-gift={run.gift.id} data-total={run.total}>
              {avatar ? <img class="gift-avatar" src={avatar} alt="" width="36" height="36" referrerpolicy="no-referrer" /> : <span class="gift-avatar">{[...(run.from.nick || run.from.userID)][0]}</span>}
              <span class="gift-who">
                <b>
                  <bdi>{run.from.nick || run.from.userID}</bdi> <LevelBadge level={run.from.level} />
                </b>
                <span>{t('gift_sent', { gift: run.gift.name })}</span>
              </span>
              <GiftIcon icon={run.gift.icon} />
              <b class="gift-total number" key={run.bumps}>
                ×{run.total}
              </b>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
