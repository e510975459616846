import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Play } from '../../components/icons.tsx';
import { QrCode } from '../../components/qr-code.tsx';
import { data, type Schemas } from '../../api/http.ts';
import type { StatusRecord } from '../../api/types.ts';
import { Button } from '../../design/button.tsx';
import { Callout } from '../../design/callout.tsx';
import { CopyField } from '../../design/copy-field.tsx';
import { errorWords } from '../../design/errors.ts';
import { Empty } from '../../design/empty.tsx';
import { Panel } from '../../design/frame.tsx';
import { Select } from '../../design/select.tsx';
import { Stat, Stats } from '../../design/stat.tsx';
import { when } from '../../i18n/index.ts';
import { useConsole, useRead } from '../context.ts';
import { useDoing } from '../doing.ts';
import { bits, moment, size, span, spanOf, whole } from '../format.ts';
import { isAway } from '../loader.ts';
import { Picture, useBeat } from '../picture.tsx';
import { Playing } from '../player.tsx';
import { t } from '../texts.ts';
import { adviceWords, refusalWords } from '../../anchor/words.ts';
import type { Room } from './page.tsx';

/** The picture, the push, and the addresses. */
export function NowTab({ room, record }: { room: Room; record: StatusRecord }): JSX.Element {
  return (
    <div class="columns">
      <div class="column">
        <Watch room={room} record={record} />
        <Ingest room={room} record={record} />
        <Refusals room={room} />
      </div>
      <div class="column">
        <PushAddress room={room} />
        {room.anchor && <AnchorLink room={room} />}
        <PlayAddresses room={room} />
      </div>
    </div>
  );
}

function Watch({ room, record }: { room: Room; record: StatusRecord }): JSX.Element {
  const [playing, setPlaying] = useState(false);
  const now = useBeat();
  const live = record.name === 'live';
  const can = live || record.name === 'paused';
  return (
    <Panel flush testid="watch">
      <div class="watch">
        <Picture room={room} now={now} width={0} fresh={live} />
        {playing && can && <Playing room={room.id} live={live} />}
        {can && !playing && (
          <button type="button" class="watch-play" onClick={() => setPlaying(true)} data-testid="watch-play">
            <Play /> {t('watch')}
          </button>
        )}
      </div>
      {playing && can && (
        <div class="watch-bar">
          <Button small onClick={() => setPlaying(false)}>
            {t('watch_stop')}
          </Button>
        </div>
      )}
    </Panel>
  );
}

/** How the push does, with what could be done about it. */
function Ingest({ room, record }: { room: Room; record: StatusRecord }): JSX.Element {
  const active = record.name === 'live' || record.name === 'paused';
  const found = useRead((http, signal) => data(http.GET('/api/v1/rooms/{room}/ingest', { params: { path: { room: room.id } }, signal })), [room.id, record.version], { every: active ? 4000 : 15_000, keep: true });
  const push = found.value;
  return (
    <Panel title={t('ingest')} testid="ingest">
      {found.error !== null && !isAway(found.error) && <Callout kind="bad">{errorWords(found.error)}</Callout>}
      {push && !push.publishing && <p data-testid="ingest-none">{t('ingest_none')}</p>}
      {push?.publishing && <Figures push={push} />}
      {push?.advice.map((one) => (
        <Callout key={one.code} kind={one.severity === 'problem' ? 'bad' : one.severity === 'warning' ? 'warn' : 'note'} testid={`advice-${one.code}`}>
          {adviceWords(one.code, one.text)}
        </Callout>
      ))}
      {push?.publishing && push.advice.length === 0 && <Callout kind="good">{t('ingest_fine')}</Callout>}
    </Panel>
  );
}

function Figures({ push }: { push: Schemas['IngestBody'] }): JSX.Element {
  const { video, audio } = push;
  const [rate = '', unit = ''] = bits(push.bitsPerSecond).split(' ');
  return (
    <>
      <Stats>
        <Stat label={t('ingest_rate')} value={rate} unit={unit} testid="ingest-rate" />
        <Stat label={t('ingest_fps')} value={video.codec ? whole(video.framesPerSecond) : null} />
        <Stat label={t('ingest_key')} value={video.codec ? spanOf(video.keyframeInterval) : null} />
        <Stat label={t('ingest_repaired')} value={whole(push.timestamps.lastMinute)} hint={t('ingest_minute')} />
      </Stats>
      <dl class="facts-list">
        <dt>{t('ingest_video')}</dt>
        <dd>{video.codec ? [video.codec.toUpperCase(), video.width > 0 && `${video.width}×${video.height}`, bits(video.bitsPerSecond)].filter(Boolean).join(' · ') : t('none')}</dd>
        <dt>{t('ingest_audio')}</dt>
        <dd>{audio.codec ? [audio.codec.toUpperCase(), audio.sampleRate > 0 && `${audio.sampleRate / 1000} kHz`, bits(audio.bitsPerSecond)].filter(Boolean).join(' · ') : t('none')}</dd>
        <dt>{t('ingest_encoder')}</dt>
        <dd>{push.encoder || t('ingest_silent')}</dd>
        <dt>{t('ingest_from')}</dt>
        <dd>
          <span class="mono">{push.remote}</span> · {push.protocol}
        </dd>
        <dt>{t('ingest_since')}</dt>
        <dd>
          {push.startedAt ? `${when(push.startedAt)} · ${span((Date.now() - Date.parse(push.startedAt)) / 1000)}` : '–'} · {size(push.bytes)}
        </dd>
      </dl>
    </>
  );
}

function Refusals({ room }: { room: Room }): JSX.Element | null {
  const found = useRead(async (http, signal) => (await data(http.GET('/api/v1/rooms/{room}/refusals', { params: { path: { room: room.id } }, signal }))).refusals, [room.id], { every: 10_000 });
  if (!found.value?.length) return null;
  return (
    <Panel title={t('refusals')} testid="refusals">
      <ul class="plain-list">
        {found.value.slice(0, 10).map((one) => (
          <li key={`${one.at}${one.remote}`}>
            <strong>{refusalWords(one.code, one.detail)}</strong>
            <small class="quiet">
              {moment(one.at)} · <span class="mono">{one.remote}</span> · {one.protocol}
            </small>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

const LIVES = ['1h', '24h', '168h', '720h', '8760h'] as const;

/** Where the anchor pushes to. Addresses are made when they are asked for, so that none lies about. */
export function PushAddress({ room }: { room: Pick<Room, 'id'> }): JSX.Element {
  const { http } = useConsole();
  const [life, setLife] = useState<string>('24h');
  const [made, setMade] = useState<Schemas['AddressesOutBody'] | null>(null);
  const doing = useDoing();
  const make = () => doing.run('make', async () => setMade(await data(http.POST('/api/v1/rooms/{room}/addresses', { params: { path: { room: room.id } }, body: { expiresIn: life } }))));
  return (
    <Panel title={t('push_title')} testid="push-address">
      <div class="make">
        <Select label={t('push_life')} value={life} onValue={setLife} options={LIVES.map((value) => ({ value, label: t(`life_${value}`) }))} />
        <Button kind={made ? 'quiet' : 'main'} busy={doing.what !== ''} onClick={() => void make()} testid="push-make">
          {t(made ? 'push_again' : 'push_make')}
        </Button>
      </div>
      {doing.error && <Callout kind="bad">{doing.error}</Callout>}
      {made && <Addresses made={made} />}
    </Panel>
  );
}

export function Addresses({ made }: { made: Schemas['AddressesOutBody'] }): JSX.Element {
  const { push } = made;
  return (
    <div class="stack" data-testid="addresses">
      <CopyField label={t('push_server')} value={push.obs.server} hint={t('push_server_hint')} testid="push-server" />
      <CopyField label={t('push_key')} value={push.obs.streamKey} hint={t('push_key_hint')} secret testid="push-key" />
      <CopyField label={t('push_whole')} value={push.rtmp} hint={t('push_until', { time: when(made.expiresAt) })} secret qr={() => <QrCode text={push.rtmp} label={t('push_whole')} />} testid="push-whole" />
    </div>
  );
}

/** A link that signs the anchor in to the anchor's console, once. */
function AnchorLink({ room }: { room: Room }): JSX.Element {
  const { http } = useConsole();
  const [made, setMade] = useState<{ url: string; expiresAt: string } | null>(null);
  const doing = useDoing();
  const make = () => doing.run('make', async () => setMade(await data(http.POST('/api/v1/links', { body: { for: 'anchor', room: room.id, expiresIn: '24h' } }))));
  return (
    <Panel title={t('anchor_title')} testid="anchor-link">
      <p>{t('anchor_text', { name: room.anchor })}</p>
      <Button busy={doing.what !== ''} onClick={() => void make()} testid="anchor-make">
        {t(made ? 'anchor_again' : 'anchor_make')}
      </Button>
      {doing.error && <Callout kind="bad">{doing.error}</Callout>}
      {made && <CopyField label={t('anchor_link')} value={made.url} hint={t('anchor_until', { time: when(made.expiresAt) })} secret qr={() => <QrCode text={made.url} label={t('anchor_link')} />} testid="anchor-url" />}
    </Panel>
  );
}

function PlayAddresses({ room }: { room: Room }): JSX.Element {
  const found = useRead((http, signal) => data(http.GET('/api/v1/rooms/{room}/play', { params: { path: { room: room.id } }, signal })), [room.id]);
  const play = found.value?.play;
  const page = `${location.origin}/rooms/${encodeURIComponent(room.id)}`;
  return (
    <Panel title={t('play_title')} testid="play-addresses">
      <div class="stack">
        <CopyField label={t('play_page')} value={page} qr={() => <QrCode text={page} label={t('play_page')} />} testid="play-page" />
        {play?.hls && <CopyField label="HLS" value={play.hls} />}
        {play?.flv && <CopyField label="HTTP-FLV" value={play.flv} />}
        {play?.wsFlv && <CopyField label="WebSocket-FLV" value={play.wsFlv} />}
        {play?.rtmp && <CopyField label="RTMP" value={play.rtmp} />}
        {found.error !== null && !isAway(found.error) && <Callout kind="bad">{errorWords(found.error)}</Callout>}
        {found.value && !play?.hls && !play?.flv && <Empty title={t('none')} small />}
      </div>
    </Panel>
  );
}
