import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { webAddress } from '../lib/address.ts';
import { amount, plural, t } from '../i18n/parts.ts';
import type { Interaction } from '../interact/interaction.ts';
import { Close, Coin } from './icons.tsx';
import { LevelBadge } from './level-badge.tsx';
import '../styles/people.css';

/** Who gave most. */
export function RankingDialog({ room, onClose }: { room: Interaction; onClose(): void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [scope, setScope] = useState<'session' | 'all'>('session');
  useLayoutEffect(() => dialog.current?.showModal(), []);
  useEffect(() => room.followRanking(scope), [room, scope]);
  const known = room.ranking.value;
  const found = typeof known === 'string' ? null : known;
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby="ranking-title" onClose={onClose} onClick={(ev) => ev.target === ev.currentTarget && ev.currentTarget.close()} data-testid="ranking">
      <div class="sheet-inside">
        <header class="sheet-top">
          <h2 id="ranking-title">{t('ranking')}</h2>
          <button type="button" class="sheet-close" aria-label={t('close')} onClick={() => dialog.current?.close()}>
            <Close />
          </button>
        </header>
        <fieldset class="choice">
          <legend class="hidden">{t('ranking_scope')}</legend>
          {(['session', 'all'] as const).map((which) => (
            <label key={which}>
              <input type="radio" name="scope" checked={scope === which} onChange={() => setScope(which)} data-testid={`ranking-${which}`} />
              <span>{t(`ranking_${which}`)}</span>
            </label>
          ))}
        </fieldset>
        {known === null && <p class="sheet-none">{t('loading')}</p>}
        {typeof known === 'string' && (
          <p class="sheet-none" role="alert">
            {t('chat_remark', { what: t(known) })}
          </p>
        )}
        {found?.ranking.length === 0 && <p class="sheet-none">{t('ranking_none')}</p>}
        <Ranks ranks={found?.ranking ?? []} />
        {found && found.totals.count > 0 && <p class="sheet-sum number">{plural('ranking_sum', found.totals.senders, { gifts: String(found.totals.count), value: amount(found.totals.value) })}</p>}
      </div>
    </dialog>
  );
}

interface Rank {
  rank: number;
  userID: string;
  nick: string;
  avatar: string;
  level: number;
  value: number;
  count: number;
}

/** People in order, with what they gave. */
export function Ranks({ ranks }: { ranks: readonly Rank[] }): JSX.Element | null {
  if (ranks.length === 0) return null;
  return (
    <ol class="ranks">
      {ranks.map((one) => (
        <li key={one.userID} class={`rank rank-${one.rank}`} data-testid="rank" data-user={one.userID}>
          <span class="rank-place number">{one.rank}</span>
          <Face nick={one.nick || one.userID} avatar={one.avatar} />
          <span class="rank-who">
            <bdi>{one.nick || one.userID}</bdi> <LevelBadge level={one.level} />
          </span>
          <span class="rank-value number">
            <Coin /> {amount(one.value)}
          </span>
        </li>
      ))}
    </ol>
  );
}

/** Somebody's picture, or the first letter of the name. */
export function Face({ nick, avatar }: { nick: string; avatar: string }): JSX.Element {
  const url = webAddress(avatar);
  return url ? <img class="face" src={url} alt="" width="36" height="36" loading="lazy" referrerpolicy="no-referrer" /> : <span class="face" aria-hidden="true">{[...nick][0]}</span>;
}
