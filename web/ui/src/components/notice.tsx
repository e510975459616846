import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import type { Notice } from '../interact/notice.ts';

/** What the room's notice says. Text stays text, and pictures come from the web and nowhere else. */
export function NoticeLine({ notice }: { notice: Notice }): JSX.Element | null {
  if (notice.text === '' && notice.images.length === 0) return null;
  return (
    <div class="facts-notice" data-testid="notice">
      <b>{t('notice')}</b>
      <span class="notice-body">
        {notice.text}
        {notice.images.length > 0 && (
          <span class="notice-pictures">
            {notice.images.map((url, i) => (
              <NoticePicture key={url} url={url} n={i + 1} />
            ))}
          </span>
        )}
      </span>
    </div>
  );
}

function NoticePicture({ url, n }: { url: string; n: number }): JSX.Element | null {
  const [broken, setBroken] = useState(false);
  if (broken) return null;
  return (
    <a href={url} target="_blank" rel="noopener noreferrer" referrerpolicy="no-referrer">
      <img src={url} alt={t('notice_picture', { n })} loading="lazy" decoding="async" referrerpolicy="no-referrer" onError={() => setBroken(true)} data-testid="notice-picture" />
    </a>
  );
}
