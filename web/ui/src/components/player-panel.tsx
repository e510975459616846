import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n/parts.ts';
import { DENSITIES, flight, flying, LEAST_OPACITY, setFlight, setFlying, SIZES } from '../lib/danmaku.ts';
import { Close } from './icons.tsx';
import '../styles/panels.css';

interface PlayerPanelProps {
  figures: boolean;
  onFigures(on: boolean): void;
  onKeys(): void;
  onClose(): void;
}

/** How the player is to be: what flies over the picture, and what else may be seen of it. */
export function PlayerPanel({ figures, onFigures, onKeys, onClose }: PlayerPanelProps): JSX.Element {
  const panel = useRef<HTMLElement>(null);
  useEffect(() => panel.current?.querySelector('input')?.focus(), []);
  useEffect(() => {
    const beside = (ev: Event) => !panel.current?.contains(ev.target as Node) && !(ev.target as Element).closest('[data-testid=player-settings]') && onClose();
    document.addEventListener('pointerdown', beside);
    return () => document.removeEventListener('pointerdown', beside);
  });
  const { density, size, opacity } = flight.value;
  return (
    <section
      ref={panel}
      class="over-panel player-panel"
      data-panel
      aria-label={t('settings')}
      data-testid="player-panel"
      onKeyDown={(ev) => {
        if (ev.key !== 'Escape') return;
        ev.stopPropagation();
        onClose();
      }}
    >
      <button type="button" class="over-close" aria-label={t('close')} onClick={onClose}>
        <Close />
      </button>
      <label class="panel-line">
        <span>{t('flying')}</span>
        <input type="checkbox" role="switch" checked={flying.value} onChange={(ev) => setFlying(ev.currentTarget.checked)} data-testid="flying" />
      </label>
      <Choice name="density" label={t('flying_density')} values={DENSITIES} value={density} say={(one) => t(`flying_${one}`)} onValue={(one) => setFlight({ density: one })} />
      <Choice name="size" label={t('flying_size')} values={SIZES} value={size} say={(one) => t(`flying_${one}`)} onValue={(one) => setFlight({ size: one })} />
      <label class="panel-line">
        <span>{t('flying_opacity')}</span>
        <input type="range" min={LEAST_OPACITY} max="100" step="5" value={opacity} aria-valuetext={`${opacity} %`} disabled={!flying.value} onInput={(ev) => setFlight({ opacity: Number(ev.currentTarget.value) })} data-testid="flying-opacity" />
      </label>
      <label class="panel-line">
        <span>{t('figures_show')}</span>
        <input type="checkbox" role="switch" checked={figures} onChange={(ev) => onFigures(ev.currentTarget.checked)} data-testid="figures-switch" />
      </label>
      <button type="button" class="panel-line panel-more" aria-haspopup="dialog" onClick={onKeys} data-testid="keys-open">
        <span>{t('keys')}</span> <kbd>?</kbd>
      </button>
    </section>
  );
}

interface ChoiceProps<V extends string> {
  name: string;
  label: string;
  values: readonly V[];
  value: V;
  say(value: V): string;
  onValue(value: V): void;
}

function Choice<V extends string>({ name, label, values, value, say, onValue }: ChoiceProps<V>): JSX.Element {
  return (
    <div class="panel-line panel-choice" role="radiogroup" aria-label={label}>
      <span aria-hidden="true">{label}</span>
      {values.map((one) => (
        <label key={one}>
          <input type="radio" name={name} checked={one === value} disabled={!flying.value} onChange={() => onValue(one)} data-testid={`flying-${one}`} />
          <span>{say(one)}</span>
        </label>
      ))}
    </div>
  );
}
