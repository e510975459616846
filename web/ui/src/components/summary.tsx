import type { SessionSummary } from 'liveroom-sdk';
import type { JSX } from 'preact';
import { compact, compactAmount, hours, t, type Key } from '../i18n/parts.ts';
import { clockOf } from '../lib/tick.ts';
import { Ranks } from './ranking-dialog.tsx';
import '../styles/summary.css';

/** How the live that is over went. */
export function Summary({ summary }: { summary: SessionSummary }): JSX.Element {
  const figures: [Key, string][] = [
    ['sum_duration', clockOf(summary.duration)],
    ['sum_viewers', compact(summary.viewers)],
    ['sum_peak', compact(summary.peak)],
    ['sum_members', compact(summary.members)],
    ['sum_watch', hours(summary.watchTime)],
    ['sum_messages', compact(summary.messages)],
    ['sum_likes', compact(summary.likes)],
    ['sum_gifts', compactAmount(summary.giftValue)],
  ];
  return (
    <section class="summary" aria-labelledby="summary-title" data-testid="summary" data-session={summary.session}>
      <h2 id="summary-title">{t('sum_title')}</h2>
      <dl class="summary-figures">
        {figures.map(([key, value]) => (
          <div key={key} data-testid={key}>
            <dt>{t(key)}</dt>
            <dd class="number">{value}</dd>
          </div>
        ))}
      </dl>
      {summary.curve.length > 1 && <Curve values={summary.curve} />}
      {summary.top.length > 0 && (
        <>
          <h3>{t('sum_top')}</h3>
          <Ranks ranks={summary.top} />
        </>
      )}
    </section>
  );
}

/** The popularity from beginning to end. */
function Curve({ values }: { values: readonly number[] }): JSX.Element {
  const most = Math.max(1, ...values);
  const x = (i: number) => ((i / (values.length - 1)) * 100).toFixed(2);
  const y = (v: number) => (29 - (v / most) * 27).toFixed(2);
  const line = values.map((v, i) => `${x(i)},${y(v)}`).join(' L');
  return (
    <figure class="summary-curve">
      <figcaption>{t('sum_curve')}</figcaption>
      <svg viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <path class="curve-area" d={`M0,30 L${line} L100,30 Z`} />
        <path class="curve-line" d={`M${line}`} />
      </svg>
    </figure>
  );
}
