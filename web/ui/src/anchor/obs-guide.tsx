import type { JSX } from 'preact';
import { t } from './texts.ts';
import '../styles/obs.css';

/** How OBS is told where to push: three steps, the two fields as they look there. */
export function ObsGuide({ server, open = false }: { server: string; open?: boolean }): JSX.Element {
  return (
    <details class="obs" open={open} data-testid="obs-guide">
      <summary>{t('obs')}</summary>
      <ol>
        <li>{t('obs_open')}</li>
        <li>
          {t('obs_fields')}
          <figure>
            <Fields server={server} />
            <figcaption class="hidden">{t('obs_picture')}</figcaption>
          </figure>
        </li>
        <li>
          {t('obs_keyframe')}
          <figure>
            <Keyframe />
            <figcaption class="hidden">{t('obs_keyframe_picture')}</figcaption>
          </figure>
        </li>
        <li>{t('obs_start')}</li>
      </ol>
    </details>
  );
}

const shortened = (text: string): string => (text.length > 34 ? `${text.slice(0, 33)}…` : text);

/** Settings › Stream. Its words are those of OBS in the reader's language. */
function Fields({ server }: { server: string }): JSX.Element {
  return (
    <svg class="obs-picture" viewBox="0 0 480 190" role="img" aria-hidden="true" focusable="false">
      <rect class="obs-window" x="1" y="1" width="478" height="188" rx="8" />
      <rect class="obs-side" x="1" y="1" width="120" height="188" rx="8" />
      <text class="obs-nav" x="16" y="36">
        {t('obs_general')}
      </text>
      <rect class="obs-chosen" x="8" y="48" width="106" height="26" rx="4" />
      <text class="obs-nav" x="16" y="66">
        {t('obs_stream')}
      </text>
      <text class="obs-nav" x="16" y="96">
        {t('obs_output')}
      </text>
      <text class="obs-label" x="230" y="41" text-anchor="end">
        {t('obs_service')}
      </text>
      <rect class="obs-field" x="240" y="24" width="224" height="26" rx="4" />
      <text class="obs-value" x="250" y="42">
        {t('obs_custom')}
      </text>
      <Marked n={1} y={66} label={t('push_server')} value={shortened(server)} />
      <Marked n={2} y={116} label={t('push_key')} value="••••••••••••••••••" />
    </svg>
  );
}

function Marked({ n, y, label, value }: { n: number; y: number; label: string; value: string }): JSX.Element {
  return (
    <>
      <rect class="obs-mark" x="134" y={y} width="338" height="42" rx="6" />
      <circle class="obs-number" cx="134" cy={y} r="10" />
      <text class="obs-digit" x="134" y={y + 4} text-anchor="middle">
        {n}
      </text>
      <text class="obs-label" x="230" y={y + 26} text-anchor="end">
        {label}
      </text>
      <rect class="obs-field" x="240" y={y + 8} width="224" height="26" rx="4" />
      <text class="obs-value" x="250" y={y + 26}>
        {value}
      </text>
    </>
  );
}

/** Settings › Output: the keyframe interval, which decides how long viewers wait for their first picture. */
function Keyframe(): JSX.Element {
  return (
    <svg class="obs-picture" viewBox="0 0 480 66" role="img" aria-hidden="true" focusable="false">
      <rect class="obs-window" x="1" y="1" width="478" height="64" rx="8" />
      <rect class="obs-mark" x="12" y="10" width="456" height="46" rx="6" />
      <text class="obs-label" x="230" y="38" text-anchor="end">
        {t('obs_interval')}
      </text>
      <rect class="obs-field" x="240" y="20" width="90" height="26" rx="4" />
      <text class="obs-value" x="250" y="38">
        2 s
      </text>
    </svg>
  );
}
