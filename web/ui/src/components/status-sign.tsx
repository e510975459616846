import type { JSX } from 'preact';
import { t } from '../i18n/index.ts';
import type { Scene } from '../status/record.ts';

/** The lamp over the studio door. */
export function StatusSign({ scene }: { scene: Scene }): JSX.Element {
  return (
    <span class={`sign sign-${scene}`} data-testid="status-sign">
      <span class="lamp" aria-hidden="true" />
      {t(`status_${scene}`)}
    </span>
  );
}
