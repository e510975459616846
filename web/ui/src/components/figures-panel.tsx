import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t, whole, type Key } from '../i18n/parts.ts';
import type { PlayerController } from '../player/controller.ts';
import type { Figures } from '../player/figures.ts';
import { Close } from './icons.tsx';
import '../styles/panels.css';

const LOOK_MS = 1000;
const ENGINES: Record<NonNullable<Figures['engine']>, Key> = { flv: 'figures_flv', hls: 'figures_hls', native: 'figures_native' };

/** How the picture comes: looked at each second while it is open. */
export function FiguresPanel({ player, onClose }: { player: PlayerController; onClose(): void }): JSX.Element {
  const [[before, now], look] = useState<[Figures | null, Figures]>(() => [null, player.figures()]);
  useEffect(() => {
    const timer = setInterval(() => look(([, last]) => [last, player.figures()]), LOOK_MS);
    return () => clearInterval(timer);
  }, [player]);
  return (
    <section class="over-panel figures" data-panel aria-label={t('figures')} data-testid="figures">
      <button type="button" class="over-close" aria-label={t('close')} onClick={onClose} data-testid="figures-close">
        <Close />
      </button>
      <dl>
        {lines(before, now).map(([key, value]) => (
          <div key={key} data-testid={key}>
            <dt>{t(key)}</dt>
            <dd class="number">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const NONE = '–';

export function lines(before: Figures | null, now: Figures): [Key, string][] {
  const seconds = (n: number | null) => (n === null ? NONE : t('figures_seconds', { n: whole(n, 1) }));
  const went = before === null || now.frames < before.frames || now.at <= before.at ? null : ((now.frames - before.frames) * 1000) / (now.at - before.at);
  const bits = now.bitsPerSecond;
  return [
    ['figures_engine', now.engine ? t(ENGINES[now.engine]) : NONE],
    ['figures_size', now.width > 0 ? `${now.width} × ${now.height}` : NONE],
    ['figures_fps', went === null ? NONE : whole(went)],
    ['figures_rate', bits === null || bits <= 0 ? NONE : bits >= 1e6 ? t('figures_mbit', { n: whole(bits / 1e6, 1) }) : t('figures_kbit', { n: whole(bits / 1000) })],
    ['figures_dropped', now.frames > 0 ? t('figures_of', { n: whole(now.dropped), of: whole(now.frames) }) : NONE],
    ['figures_buffer', seconds(now.buffer)],
    ['figures_behind', seconds(now.behind)],
    ['figures_speed', now.rate === 1 ? '1 ×' : `${whole(now.rate, 2)} ×`],
    ['figures_stalls', whole(now.stalls)],
    ['figures_reconnections', whole(now.reconnections)],
  ];
}
