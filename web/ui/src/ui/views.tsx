import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { StatusSign } from '../components/status-sign.tsx';
import { Bin, Pen, Stop } from '../design/icons.tsx';
import { Avatar } from '../design/avatar.tsx';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { confirm } from '../design/confirm.tsx';
import { Dialog } from '../design/dialog.tsx';
import { Empty } from '../design/empty.tsx';
import { Field } from '../design/field.tsx';
import { Menu } from '../design/menu.tsx';
import { Progress } from '../design/progress.tsx';
import { Segmented } from '../design/segmented.tsx';
import { Spinner } from '../design/spinner.tsx';
import { Stat, Stats } from '../design/stat.tsx';
import { Table, type Column } from '../design/table.tsx';
import { inOrder, type Sort } from '../design/table-model.ts';
import { Tabs } from '../design/tabs.tsx';
import { toast } from '../design/toast.tsx';
import { languageTag } from '../i18n/index.ts';
import type { Scene } from '../status/record.ts';
import { t } from './texts.ts';

const nothing = () => undefined;

export function Dialogs(): JSX.Element {
  const [open, setOpen] = useState(false);
  const [title, setTitle] = useState('');
  const fail = () => Promise.reject(new Error(t('table_error_text')));
  return (
    <div class="ui-line">
      <Button onClick={() => setOpen(true)} testid="ui-dialog">
        {t('dialog_open')}
      </Button>
      <Button onClick={() => void confirm({ title: t('confirm_title'), text: t('confirm_text'), act: t('end') })} testid="ui-confirm">
        {t('confirm_open')}
      </Button>
      <Button onClick={() => void confirm({ title: t('confirm_title'), text: t('confirm_text'), act: t('end'), run: fail })} testid="ui-confirm-fail">
        {t('confirm_fail')}
      </Button>
      <Button onClick={() => void confirm({ title: t('confirm_grave_title'), text: t('confirm_grave_text'), act: t('delete'), grave: true, typed: 'evening-garden' })} testid="ui-confirm-typed">
        {t('confirm_grave')}
      </Button>
      <Menu
        label={t('menu')}
        button={{}}
        testid="ui-menu"
        items={[
          { label: t('edit'), icon: <Pen />, onSelect: () => setOpen(true) },
          { label: t('pause'), onSelect: nothing },
          { label: t('not_now'), onSelect: nothing, disabled: true },
          { label: t('delete'), icon: <Bin />, onSelect: () => toast(t('toast_removed')), grave: true, apart: true },
        ]}
      />
      <Button onClick={() => toast(t('toast_done'))} testid="ui-toast">
        {t('toast_open')}
      </Button>
      <Button onClick={() => toast(t('toast_removed'), { undo: () => toast(t('toast_undone')) })} testid="ui-toast-undo">
        {t('toast_undo')}
      </Button>
      <Button onClick={() => toast(t('toast_failed'), { kind: 'bad' })} testid="ui-toast-bad">
        {t('toast_bad')}
      </Button>
      {open && (
        <Dialog
          title={t('dialog_title')}
          onClose={() => setOpen(false)}
          onSubmit={(ev) => {
            ev.preventDefault();
            setOpen(false);
          }}
          testid="ui-dialog-window"
          actions={
            <>
              <Button onClick={() => setOpen(false)}>{t('not_now')}</Button>
              <Button kind="main" type="submit">
                {t('save')}
              </Button>
            </>
          }
        >
          <p>{t('dialog_text')}</p>
          <Field label={t('room_title')} value={title} onValue={setTitle} />
          <Field label={t('col_since')} type="datetime-local" value="2026-12-01T20:00" onValue={nothing} />
        </Dialog>
      )}
    </div>
  );
}

interface Sample {
  id: string;
  title: string;
  scene: Scene;
  viewers: number;
  anchor: string;
  since: string;
}

const SAMPLES: readonly Sample[] = [
  { id: 'evening-garden', title: 'Evening garden', scene: 'live', viewers: 1842, anchor: 'mei', since: '19:58' },
  { id: 'night-train', title: 'Night train to Lhasa', scene: 'paused', viewers: 317, anchor: '阿明', since: '18:12' },
  { id: 'chess', title: 'Chess for beginners, with a title that does not want to end', scene: 'waiting', viewers: 12, anchor: 'olga', since: '–' },
  { id: 'market', title: '早市', scene: 'ended', viewers: 0, anchor: 'lin', since: '06:30' },
];


export function Tables(): JSX.Element {
  const [state, setState] = useState<'ready' | 'loading' | 'empty' | 'error'>('ready');
  const [sort, setSort] = useState<Sort | null>(null);
  const [selected, setSelected] = useState<Set<string>>(new Set(['chess']));
  const [page, setPage] = useState(1);
  const columns: Column<Sample>[] = [
    { key: 'title', label: t('col_room'), cell: (row) => row.title, priority: 1, sort: true, wide: true },
    { key: 'scene', label: t('col_state'), cell: (row) => <StatusSign scene={row.scene} /> },
    { key: 'viewers', label: t('col_viewers'), cell: (row) => new Intl.NumberFormat(languageTag()).format(row.viewers), end: true, sort: 'down' },
    { key: 'anchor', label: t('col_anchor'), cell: (row) => <bdi>{row.anchor}</bdi>, priority: 3 },
    { key: 'since', label: t('col_since'), cell: (row) => row.since, priority: 3, end: true },
  ];
  const rows = sort ? inOrder(SAMPLES, (row) => row[sort.key as 'title' | 'viewers'], sort.down, languageTag()) : SAMPLES;
  return (
    <>
      <Segmented label={t('table_state')} value={state} onValue={setState} options={(['ready', 'loading', 'empty', 'error'] as const).map((value) => ({ value, label: t(`table_${value}`) }))} testid="ui-table-state" />
      <div class="ui-sheet">
        <Table
          label={t('rooms')}
          columns={columns}
          rows={state === 'ready' ? rows : state === 'empty' ? [] : null}
          state={state === 'empty' ? 'ready' : state}
          error={t('table_error_text')}
          onRetry={() => setState('ready')}
          empty={
            <Empty title={t('table_empty')} action={<Button kind="main">{t('start')}</Button>}>
              {t('table_empty_text')}
            </Empty>
          }
          rowKey={(row) => row.id}
          rowName={(row) => row.title}
          href={(row) => `/ui#${row.id}`}
          sort={sort}
          onSort={setSort}
          selected={selected}
          onSelect={setSelected}
          bulk={
            <Button small kind="grave">
              {t('delete')}
            </Button>
          }
          actions={() => [
            { label: t('edit'), icon: <Pen />, onSelect: nothing },
            { label: t('forbid'), icon: <Stop />, onSelect: nothing, grave: true, apart: true },
          ]}
          pager={{ page, hasPrevious: page > 1, hasNext: page < 3, onPrevious: () => setPage(page - 1), onNext: () => setPage(page + 1) }}
          testid="ui-table"
        />
      </div>
    </>
  );
}

export function TabSample(): JSX.Element {
  const [tab, setTab] = useState<'members' | 'muted' | 'banned'>('members');
  return (
    <Tabs
      label={t('rooms')}
      value={tab}
      onValue={setTab}
      testid="ui-tabs"
      tabs={[
        { value: 'members', label: t('tab_members'), count: 317 },
        { value: 'muted', label: t('tab_muted'), count: 2 },
        { value: 'banned', label: t('tab_banned') },
      ]}
    >
      <p>{t('tab_text')}</p>
    </Tabs>
  );
}

export function Words(): JSX.Element {
  return (
    <>
      <div class="ui-line">
        {(['live', 'interrupted', 'paused', 'waiting', 'playback', 'ended'] as const).map((scene) => (
          <StatusSign key={scene} scene={scene} />
        ))}
      </div>
      <div class="ui-line">
        <Badge>{t('badge_plain')}</Badge>
        <Badge kind="note">{t('badge_note')}</Badge>
        <Badge kind="good" lamp>
          {t('badge_good')}
        </Badge>
        <Badge kind="warn" lamp>
          {t('badge_warn')}
        </Badge>
        <Badge kind="bad">{t('badge_bad')}</Badge>
      </div>
      <div class="ui-line">
        <Avatar name="mei" size="small" />
        <Avatar name="olga" />
        <Avatar name="阿明" size="large" />
      </div>
      <Callout>{t('callout_note')}</Callout>
      <Callout kind="good" title={t('callout_good_title')}>
        {t('callout_good')}
      </Callout>
      <Callout kind="warn" title={t('callout_warn_title')}>
        {t('callout_warn')}
      </Callout>
      <Callout kind="bad" title={t('callout_bad_title')} action={<Button small>{t('renew')}</Button>}>
        {t('callout_bad')}
      </Callout>
    </>
  );
}

export function ProgressSample(): JSX.Element {
  return (
    <div class="form">
      <Progress label={t('export')} value={312} max={480} words={t('export_words')} />
      <Progress label={t('import')} words={t('import_words')} />
      <Progress label={t('done')} value={24} max={24} words={t('done_words')} kind="good" />
      <Progress label={t('failed')} value={6} max={24} words={t('failed_words')} kind="bad" />
      <p class="ui-line">
        <Spinner /> {t('waiting_for')}
      </p>
    </div>
  );
}

export function Figures(): JSX.Element {
  return (
    <Stats>
      <Stat label={t('fig_viewers')} value="1,204" hint={t('fig_hint')} />
      <Stat label={t('fig_rate')} value="4.2" unit="Mbit/s" kind="good" />
      <Stat label={t('fig_keyframes')} value="8.0" unit="s" kind="warn" />
      <Stat label={t('fig_dropped')} value={null} />
    </Stats>
  );
}

export const Nothing = (): JSX.Element => (
  <Empty title={t('empty_title')} action={<Button>{t('empty_action')}</Button>}>
    {t('empty_text')}
  </Empty>
);
