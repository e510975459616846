import type { JSX } from 'preact';
import { t } from '../i18n/index.ts';
import { Settings } from './settings.tsx';

/** The line on top of every page: the name, which leads to the lobby, and how the page should look and speak. */
export function Header(): JSX.Element {
  return (
    <header class="top">
      <a class="skip" href="#content">
        {t('skip')}
      </a>
      <a class="brand" href="/" title={t('lobby')}>
        <span class="bars" aria-hidden="true">
          <i /> <i /> <i /> <i /> <i />
        </span>
        {t('brand')}
      </a>
      <Settings />
    </header>
  );
}
