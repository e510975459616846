import type { JSX } from 'preact';
import { t } from './texts.ts';

const SIZES = ['3xl', '2xl', 'xl', 'l', 'm', 's', 'xs'] as const;
const GROUNDS = ['ground', 'paper', 'sunk', 'mark', 'note-wash', 'good-wash', 'warn-wash', 'bad-wash'] as const;
const INKS = ['ink', 'ink-2', 'link', 'good', 'warn', 'bad', 'coin', 'curve'] as const;
const BARS = [0, 1, 2, 3, 4, 5, 6] as const;

export function Type(): JSX.Element {
  return (
    <>
      <p class="ui-size-3xl">{t('sample_display')}</p>
      <p>{t('sample_body')}</p>
      <ul class="ui-sizes">
        {SIZES.map((size) => (
          <li key={size} class={`ui-size-${size}`}>
            {size}
          </li>
        ))}
      </ul>
      <ul class="ui-steps" aria-hidden="true">
        {[1, 2, 3, 4, 5, 6].map((n) => (
          <li key={n} class={`ui-step-${n}`} />
        ))}
      </ul>
      <ul class="ui-lifts" aria-hidden="true">
        {[1, 2, 3].map((n) => (
          <li key={n} class={`ui-lift-${n}`}>
            {n}
          </li>
        ))}
      </ul>
    </>
  );
}

export function Colours(): JSX.Element {
  return (
    <>
      <ul class="ui-colours">
        {GROUNDS.map((name) => (
          <li key={name} class={`ui-${name}`}>
            {name}
          </li>
        ))}
      </ul>
      <ul class="ui-inks">
        {INKS.map((name) => (
          <li key={name} class={`ui-${name}`}>
            {name}
          </li>
        ))}
      </ul>
      <ul class="ui-bars" aria-hidden="true">
        {BARS.map((n) => (
          <li key={n} class={`ui-bar-${n}`} />
        ))}
      </ul>
    </>
  );
}
