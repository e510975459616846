import type { JSX } from 'preact';
import { Pause, Play } from '../components/icons.tsx';
import { Warning } from '../design/icons.tsx';
import { StatusSign } from '../components/status-sign.tsx';
import type { StatusRecord } from '../api/types.ts';
import { compact } from '../i18n/index.ts';
import { scene } from '../status/record.ts';
import { bits, whole } from './format.ts';
import { Picture } from './picture.tsx';
import { Playing } from './player.tsx';
import { plural, t } from './texts.ts';
import { trouble, type Tile as TileOf } from './wall-model.ts';
import { adviceWords } from '../anchor/words.ts';

export interface TileProps {
  tile: TileOf;
  record: StatusRecord;
  now: number;
  playing: boolean;
  onPlay(): void;
}

/** One room on the wall: its picture, how it stands, and what is wrong with it. */
export function Tile({ tile, record, now, playing, onPlay }: TileProps): JSX.Element {
  const { room, health } = tile;
  const bad = trouble(record, health);
  const live = record.name === 'live';
  const title = room.title || room.id;
  return (
    <article class="tile" data-trouble={bad} data-room={room.id} data-testid="tile">
      <div class="tile-picture">
        <Picture room={room} now={now} fresh={live} />
        {playing && <Playing room={room.id} live={live} />}
        <button type="button" class="tile-play" aria-label={t(playing ? 'tile_stop' : 'tile_play', { room: title })} aria-pressed={playing} onClick={onPlay} data-testid="tile-play">
          {playing ? <Pause /> : <Play />}
        </button>
        <span class="tile-sign">
          <StatusSign scene={scene(record)} />
        </span>
        <span class="tile-online number" title={plural('tile_online', room.online)}>
          {compact(room.online)} <span class="hidden">{t('rooms_online')}</span>
        </span>
      </div>
      <div class="tile-words">
        <a href={`/admin/rooms/${encodeURIComponent(room.id)}`} data-testid="tile-link">
          {title}
        </a>
        <small class="quiet number">{health?.publishing ? `${bits(health.bitsPerSecond)} · ${t('fps', { n: whole(health.framesPerSecond) })}` : room.anchor || room.id}</small>
      </div>
      {health?.worst && bad !== 'fine' && scene(record) === 'live' && (
        <p class="tile-advice">
          <Warning /> {adviceWords(health.worst.code, health.worst.text)}
        </p>
      )}
    </article>
  );
}
