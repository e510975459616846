import type { JSX } from 'preact';
import { t } from '../i18n/index.ts';

const STEPS = [1, 5, 10, 20, 35, 50];

/** How far somebody got here; nothing for who did not begin. */
export function LevelBadge({ level, badge = '' }: { level: number; badge?: string }): JSX.Element | null {
  if (level <= 0 && badge === '') return null;
  const step = STEPS.findLastIndex((from) => level >= from);
  return (
    <span class={`level level-${Math.max(0, step)}`} title={badge ? t('level_badge', { n: level, badge }) : t('level', { n: level })} data-testid="level" data-level={level}>
      {level > 0 && (
        <>
          <span class="hidden">{t('level', { n: level })}</span>
          <span class="number" aria-hidden="true">
            {level}
          </span>
        </>
      )}
      {badge && <bdi>{badge}</bdi>}
    </span>
  );
}
