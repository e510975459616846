import type { JSX, RefObject } from 'preact';
import { useState } from 'preact/hooks';
import { Load } from '../components/icons.tsx';
import { data } from '../api/http.ts';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { confirm } from '../design/confirm.tsx';
import { errorWords } from '../design/errors.ts';
import { Field } from '../design/field.tsx';
import { useForm } from '../design/form.ts';
import { Panel } from '../design/frame.tsx';
import { tooLong } from '../design/limit.ts';
import { Progress } from '../design/progress.tsx';
import { Segmented } from '../design/segmented.tsx';
import { toast } from '../design/toast.tsx';
import { secondsOf } from '../lib/duration.ts';
import { reachable } from '../player/choose.ts';
import { useConsole, useRead } from './context.ts';
import { useDoing } from './doing.ts';
import { size, spanOf } from './format.ts';
import { isAway } from './loader.ts';
import { TITLE } from './recordings-acts.tsx';
import { lengthOf, partFaults, partOf, placeText, TONES, underWay, type Export, type PartForm, type Recording } from './recordings-model.ts';
import { t } from './server-texts.ts';

interface Making extends PartForm {
  what: 'mp4' | 'flv' | 'cut';
}

/** Files and cuts of a recording: made, watched while they are, downloaded. */
export function Exports({ recording, video }: { recording: Recording; video: RefObject<HTMLVideoElement | null> }): JSX.Element {
  const [moving, setMoving] = useState(false);
  const found = useRead(
    async (http, signal) => {
      const { exports } = await data(http.GET('/api/v1/recordings/{recording}/exports', { params: { path: { recording: recording.id } }, signal }));
      setMoving(underWay(exports));
      return exports;
    },
    [recording.id],
    { every: moving ? 1000 : 15_000 },
  );
  return (
    <div class="column">
      <Maker recording={recording} video={video} onDone={() => void found.read()} />
      <Panel title={t('exports')} testid="exports">
        {found.error !== null && !isAway(found.error) && <Callout kind="bad">{errorWords(found.error)}</Callout>}
        {found.value?.length === 0 && <p class="quiet">{t('exports_none')}</p>}
        <ul class="plain-list">
          {found.value?.map((one) => (
            <One key={one.id} recording={recording} one={one} onChange={() => void found.read()} />
          ))}
        </ul>
      </Panel>
    </div>
  );
}

function Maker({ recording, video, onDone }: { recording: Recording; video: RefObject<HTMLVideoElement | null>; onDone(): void }): JSX.Element {
  const { http } = useConsole();
  const params = { path: { recording: recording.id } };
  const form = useForm<Making>({
    initial: { what: 'mp4', from: '', to: '', title: '' },
    check: (v) => ({ ...Object.fromEntries(Object.entries(partFaults(v, lengthOf(recording))).map(([field, key]) => [field, t(key)])), title: tooLong(v.title, TITLE) ? t('fault_long') : '' }),
    save: async (v) => {
      if (v.what === 'cut') await data(http.POST('/api/v1/recordings/{recording}/cut', { params, body: { ...partOf(v), ...(v.title.trim() ? { title: v.title.trim() } : {}) } }));
      else await data(http.POST('/api/v1/recordings/{recording}/exports', { params, body: { format: v.what, ...partOf(v) } }));
      toast(t('export_begun'));
      onDone();
    },
  });
  const here = (name: 'from' | 'to') => (
    <Button small onClick={() => form.set(name, placeText(video.current?.currentTime ?? 0))} testid={`here-${name}`}>
      {t(`here_${name}`)}
    </Button>
  );
  return (
    <Panel title={t('export_make')} testid="export-maker">
      <form class="stack" onSubmit={(ev) => void form.submit(ev)} noValidate>
        <Segmented label={t('export_what')} labelShown value={form.values.what} onValue={(what) => form.set('what', what)} options={[{ value: 'mp4', label: 'MP4' }, { value: 'flv', label: 'FLV' }, { value: 'cut', label: t('export_cut') }]} testid="export-what" />
        <p class="quiet">{t(form.values.what === 'cut' ? 'export_cut_text' : 'export_text')}</p>
        <div class="form-grid">
          <Field {...form.field('from')} label={t('export_from')} hint={t('export_from_hint')} placeholder="0:00" optional testid="export-from" />
          <Field {...form.field('to')} label={t('export_to')} hint={t('export_to_hint')} placeholder={placeText(lengthOf(recording))} optional testid="export-to" />
        </div>
        <div class="chips">
          {here('from')}
          {here('to')}
        </div>
        {form.values.what === 'cut' && <Field {...form.field('title')} label={t('recording_title')} limit={TITLE} placeholder={recording.title} optional testid="export-title" />}
        {form.error && <Callout kind="bad" testid="export-error">{form.error}</Callout>}
        <p class="panel-note">
          <Button type="submit" kind="main" busy={form.busy} testid="export-go">
            {t('export_go')}
          </Button>
        </p>
      </form>
    </Panel>
  );
}

function One({ recording, one, onChange }: { recording: Recording; one: Export; onChange(): void }): JSX.Element {
  const { http } = useConsole();
  const doing = useDoing();
  const going = one.state === 'waiting' || one.state === 'running';
  const name = one.format === 'cut' ? t('export_cut') : one.format.toUpperCase();
  const part = `${placeText(secondsOf(one.from))} – ${placeText(secondsOf(one.to))}`;
  const download = (n: number) =>
    doing.run(`file ${n}`, async () => {
      const { files } = await data(http.POST('/api/v1/recordings/{recording}/sign', { params: { path: { recording: recording.id } }, body: { export: one.id, expiresIn: '1h' } }));
      const file = files.find((other) => other.number === n);
      if (!file) throw new Error(t('export_gone'));
      const link = document.createElement('a');
      link.href = reachable(file.url, location);
      link.download = file.name;
      link.target = '_blank'; // where it is of another origin the page is not left for it
      link.rel = 'noopener';
      link.click();
    });
  const remove = () =>
    void confirm({
      title: t(going ? 'export_cancel_title' : 'export_delete_title', { what: name }),
      text: t(one.format === 'cut' && !going ? 'export_delete_cut' : 'export_delete_text'),
      act: t(going ? 'export_cancel' : 'delete'),
      grave: true,
      run: async () => void (await data(http.DELETE('/api/v1/recordings/{recording}/exports/{export}', { params: { path: { recording: recording.id, export: one.id } } }))),
    }).then((done) => done && onChange());
  return (
    <li data-testid="export" data-state={one.state} data-format={one.format}>
      <strong>
        {name} <span class="quiet number">{part}</span>
      </strong>
      <Badge kind={TONES[one.state]}>{t(`export_${one.state}`)}</Badge>
      {one.cause && <span class="whole-line">{one.cause}</span>}
      {going && (
        <div class="whole-line">
          <Progress label={t('export_progress')} {...(one.state === 'running' ? { value: one.progress, max: 1 } : {})} testid="export-progress" />
        </div>
      )}
      <div class="chips whole-line">
        {one.files.map((file) => (
          <Button key={file.number} small icon={<Load />} busy={doing.what === `file ${file.number}`} onClick={() => void download(file.number)} testid="export-download">
            {t('download', { n: file.number, size: size(file.bytes), length: spanOf(file.duration) })}
          </Button>
        ))}
        {one.format === 'cut' && one.state === 'done' && one.recording && (
          <Button small href={`/admin/recordings/${one.recording}`} testid="export-open">
            {t('export_open')}
          </Button>
        )}
        <Button small kind="plain" onClick={remove} testid="export-delete">
          {t(going ? 'export_cancel' : 'delete')}
        </Button>
      </div>
      {doing.error && <Callout kind="bad">{doing.error}</Callout>}
    </li>
  );
}
