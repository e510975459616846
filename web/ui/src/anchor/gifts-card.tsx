import type { JSX } from 'preact';
import { GiftIcon } from '../components/gift-icon.tsx';
import { Empty } from '../design/empty.tsx';
import { useList } from '../design/list.ts';
import { Stat, Stats } from '../design/stat.tsx';
import { t } from './texts.ts';
import { amount, compactAmount, when } from '../i18n/index.ts';
import type { Desk } from './desk.ts';
import { Kept, useReload } from './kept.tsx';

/** What was given in the session that runs, or in the last one. */
export function GiftsCard({ desk }: { desk: Desk }): JSX.Element {
  const totals = desk.model.interaction.value?.totals.value;
  const session = desk.record.value?.session ?? '';
  const list = useList((cursor, signal) => desk.calls.ledger(desk.room, session, cursor, signal), [desk, session]);
  useReload(list, totals?.giftCount);
  return (
    <div data-testid="gifts">
      <Stats>
        <Stat label={t('gifts_value')} value={totals ? compactAmount(totals.giftValue) : null} testid="gifts-value" />
        <Stat label={t('likes')} value={totals ? String(totals.likes) : null} />
      </Stats>
      <Kept list={list} label={t('tab_gifts')} none={<Empty small title={t('gifts_none')} />}>
        {(entries) => (
          <ul class="given">
            {entries.map((entry) => (
              <li key={entry.entry} data-testid="given">
                <GiftIcon icon={entry.icon ?? ''} />
                <span>
                  <bdi>{entry.nick || entry.from}</bdi> · {entry.name} ×{entry.count}
                </span>
                <b class="number">{amount(entry.value)}</b>
                <time dateTime={entry.createdAt}>{when(entry.createdAt)}</time>
              </li>
            ))}
          </ul>
        )}
      </Kept>
    </div>
  );
}
