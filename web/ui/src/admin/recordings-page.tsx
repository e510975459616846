import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { data } from '../api/http.ts';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Head, Panel } from '../design/frame.tsx';
import { Awaited } from './awaited.tsx';
import { useConsole, useRead } from './context.ts';
import { useDoing } from './doing.ts';
import { moment, size, span, whole } from './format.ts';
import { keepRecording, removeRecording, RenameDialog } from './recordings-acts.tsx';
import { Exports } from './recordings-exports.tsx';
import { lengthOf, TONES, type Recording } from './recordings-model.ts';
import { RecordingPlayer } from './recordings-player.tsx';
import { t } from './server-texts.ts';
import { t as title } from './texts.ts';

/** One recording: played, named, kept, cut and made into files. */
export function RecordingPage({ id }: { id: string }): JSX.Element {
  const { http, router } = useConsole();
  const [moving, setMoving] = useState(false);
  const found = useRead(
    async (api, signal) => {
      const one = await data(api.GET('/api/v1/recordings/{recording}', { params: { path: { recording: id } }, signal }));
      setMoving(one.state === 'recording' || one.state === 'finishing');
      return one;
    },
    [id],
    { every: moving ? 3000 : 0 },
  );
  const [naming, setNaming] = useState(false);
  const video = useRef<HTMLVideoElement>(null);
  const doing = useDoing();
  const one = found.value;
  return (
    <>
      <Head
        title={one ? one.title || one.room : id}
        back={{ href: '/admin/recordings', label: title('nav_recordings') }}
        text={one && <Badge kind={TONES[one.state]} lamp={one.state === 'recording'} testid="recording-state">{t(`recording_${one.state}`)}</Badge>}
        actions={
          one && (
            <>
              <Button kind="grave" onClick={() => void removeRecording(http, one).then((done) => done && router.go('/admin/recordings'))} testid="recording-delete">
                {t('delete')}
              </Button>
              <Button pressed={one.keep} busy={doing.what !== ''} onClick={() => void doing.run('keep', async () => found.put(await keepRecording(http, one)))} testid="recording-keep">
                {t(one.keep ? 'keep_not' : 'keep')}
              </Button>
              <Button onClick={() => setNaming(true)} testid="recording-rename">
                {t('rename')}
              </Button>
            </>
          )
        }
      />
      {doing.error && <Callout kind="bad">{doing.error}</Callout>}
      <Awaited of={found} />
      {one?.cause && <Callout kind={one.state === 'failed' ? 'bad' : 'warn'}>{one.cause}</Callout>}
      {one && (
        <div class="columns">
          <div class="column">
            {one.state === 'done' ? <RecordingPlayer id={id} video={video} /> : <Callout>{t(one.state === 'failed' ? 'recording_failed_text' : 'recording_unfinished')}</Callout>}
            <Facts one={one} />
          </div>
          {one.state === 'done' && <Exports recording={one} video={video} />}
        </div>
      )}
      {one && naming && (
        <RenameDialog
          recording={one}
          onClose={() => setNaming(false)}
          onDone={(after) => {
            found.put(after);
            setNaming(false);
          }}
        />
      )}
    </>
  );
}

function Facts({ one }: { one: Recording }): JSX.Element {
  const rows: [string, JSX.Element | string][] = [
    [t('room'), <a href={`/admin/rooms/${encodeURIComponent(one.room)}`}>{one.room}</a>],
    [t('recording_began'), moment(one.startedAt) || '–'],
    [t('recording_ended'), moment(one.endedAt) || '–'],
    [t('recording_length'), one.gaps > 0 ? t('recording_gaps', { length: span(lengthOf(one)), n: whole(one.gaps) }) : span(lengthOf(one))],
    [t('recording_size'), size(one.bytes)],
    [t('recording_video'), one.video ? `${one.width} × ${one.height} · ${one.video}` : t('nothing')],
    [t('recording_audio'), one.audio || t('nothing')],
    [t('recording_by'), one.by || t('recording_rule')],
    [t('recording_expires'), one.keep ? t('recording_kept') : one.expiresAt ? moment(one.expiresAt) : t('never')],
    ...(one.of ? [[t('recording_of'), <a href={`/admin/recordings/${one.of}`} class="mono">{one.of}</a>] as [string, JSX.Element]] : []),
    ['ID', <span class="mono">{one.id}</span>],
  ];
  return (
    <Panel title={t('recording_facts')} testid="recording-facts">
      <dl class="facts-list">
        {rows.flatMap(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name} is`}>{value}</dd>])}
      </dl>
    </Panel>
  );
}
