import type { JSX } from 'preact';
import { language, languages, setLanguage, t, type Language } from '../i18n/index.ts';
import { setTheme, theme, type Theme } from '../lib/theme.ts';

/** How the pages should look and speak. */
export function Settings(): JSX.Element {
  return (
    <div class="top-settings">
      <select aria-label={t('theme')} value={theme.value} onChange={(ev) => setTheme(ev.currentTarget.value as Theme)} data-testid="theme">
        <option value="auto">{t('theme_auto')}</option>
        <option value="light">{t('theme_light')}</option>
        <option value="dark">{t('theme_dark')}</option>
      </select>
      <select aria-label={t('language')} value={language.value} onChange={(ev) => void setLanguage(ev.currentTarget.value as Language)} data-testid="language">
        {languages.map(({ code, name, tag }) => (
          <option key={code} value={code} lang={tag}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}
