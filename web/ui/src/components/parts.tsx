import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Part } from '../chat/parts.ts';
import { t } from '../i18n/index.ts';
import { clockOf } from '../lib/tick.ts';
import { Paper } from './icons.tsx';

/** What a message holds, in its order. Nothing in it is ever read as markup. */
export function Parts({ parts, nick }: { parts: readonly Part[]; nick: string }): JSX.Element {
  return (
    <>
      {parts.map((part, i) => (
        <One key={i} part={part} nick={nick} />
      ))}
    </>
  );
}

function One({ part, nick }: { part: Part; nick: string }): JSX.Element {
  switch (part.kind) {
    case 'text':
      return <bdi class="said">{part.text}</bdi>;
    case 'image':
      return <Picture part={part} nick={nick} />;
    case 'sound':
      return part.url ? (
        <>
          <audio class="chat-sound" controls preload="none" src={part.url} aria-label={t('sound_of', { nick })} />
          <Length seconds={part.seconds} />
        </>
      ) : (
        <Gone />
      );
    case 'video':
      return part.url ? (
        <>
          <video class="chat-video" controls playsInline preload="none" src={part.url} {...(part.poster ? { poster: part.poster } : {})} aria-label={t('video_of', { nick })} />
          <Length seconds={part.seconds} />
        </>
      ) : (
        <Gone />
      );
    case 'file':
      return part.url ? (
        <a class="chat-file" href={part.url} target="_blank" rel="noopener noreferrer" referrerpolicy="no-referrer">
          <Paper /> <bdi>{part.name || t('file')}</bdi> {part.bytes > 0 && <small class="number">{size(part.bytes)}</small>}
        </a>
      ) : (
        <Gone />
      );
  }
}

function Picture({ part, nick }: { part: Extract<Part, { kind: 'image' }>; nick: string }): JSX.Element {
  const [broken, setBroken] = useState('');
  if (part.thumb === '' || broken === part.thumb) return <Gone />;
  const known = part.width > 0 && part.height > 0 ? { width: part.width, height: part.height } : {};
  const picture = (
    <img {...known} src={part.thumb} alt={t('picture_of', { nick })} loading="lazy" decoding="async" referrerpolicy="no-referrer" onError={() => setBroken(part.thumb)} data-testid="chat-picture" />
  );
  if (part.url === '') return <span class="chat-picture">{picture}</span>; // on its way up
  return (
    <a class="chat-picture" href={part.url} target="_blank" rel="noopener noreferrer" referrerpolicy="no-referrer">
      {picture}
    </a>
  );
}

/** Told beside a player, which knows it only once it plays. */
const Length = ({ seconds }: { seconds: number }): JSX.Element | null => (seconds > 0 ? <small class="chat-note number">{clockOf(seconds)}</small> : null);

/** What can't be shown (any more). */
const Gone = (): JSX.Element => <span class="chat-gone">{t('part_gone')}</span>;

function size(bytes: number): string {
  return bytes < 1 << 20 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / (1 << 20)).toFixed(1)} MB`;
}

