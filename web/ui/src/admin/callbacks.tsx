import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Plus } from '../components/icons.tsx';
import { data, type Http } from '../api/http.ts';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { Empty } from '../design/empty.tsx';
import { errorWords } from '../design/errors.ts';
import { Head } from '../design/frame.tsx';
import type { MenuItem } from '../design/menu.tsx';
import { Table, type Column } from '../design/table.tsx';
import { toast, toastError } from '../design/toast.tsx';
import { Health, removeReceiver, switchReceiver } from './callbacks-acts.tsx';
import { ReceiverPage } from './callbacks-page.tsx';
import { ReceiverDialog } from './callbacks-dialog.tsx';
import { sum, type Receiver } from './callbacks-model.ts';
import { TestDialog } from './callbacks-test.tsx';
import { useConsole, useRead } from './context.ts';
import { whole } from './format.ts';
import { isAway } from './loader.ts';
import { t } from './server-texts.ts';
import { t as title } from './texts.ts';

export default function Callbacks(): JSX.Element {
  const { router } = useConsole();
  const one = router.match('/admin/callbacks/{id}')?.id;
  return one ? <ReceiverPage key={one} id={one} /> : <ReceiverList />;
}

function ReceiverList(): JSX.Element {
  const { http } = useConsole();
  const found = useRead(async (api, signal) => (await data(api.GET('/api/v1/callbacks', { signal }))).callbacks, [], { every: 5000 });
  const [editing, setEditing] = useState<Receiver | 'new' | null>(null);
  const [testing, setTesting] = useState<Receiver | null>(null);
  const failed = found.error !== null && !isAway(found.error);
  const add = (
    <Button kind="main" icon={<Plus />} onClick={() => setEditing('new')} testid="callback-new">
      {t('callback_new')}
    </Button>
  );
  return (
    <>
      <Head title={title('nav_callbacks')} text={t('callbacks_text')} actions={add} />
      <Table
        label={title('nav_callbacks')}
        columns={columns()}
        rows={found.value}
        rowKey={(one) => one.id}
        state={failed ? 'error' : found.value ? 'ready' : 'loading'}
        error={failed ? errorWords(found.error) : ''}
        onRetry={() => void found.read()}
        href={(one) => `/admin/callbacks/${encodeURIComponent(one.id)}`}
        actions={(one) => menuOf(http, one, { edit: () => setEditing(one), test: () => setTesting(one), changed: () => void found.read() })}
        empty={
          <Empty title={t('callbacks_none')} seed="callbacks" action={add}>
            {t('callbacks_none_text')}
          </Empty>
        }
        testid="callbacks"
      />
      {editing && (
        <ReceiverDialog
          receiver={editing === 'new' ? null : editing}
          onClose={() => setEditing(null)}
          onDone={(one) => {
            setEditing(null);
            toast(t('callback_saved', { id: one.id }));
            void found.read();
          }}
        />
      )}
      {testing && <TestDialog receiver={testing} onClose={() => setTesting(null)} />}
    </>
  );
}

const columns = (): Column<Receiver>[] => [
  {
    key: 'id',
    label: t('callback'),
    priority: 1,
    wide: true,
    cell: (one) => (
      <span class="two-lines">
        <span>
          {one.id} {one.fromSettings && <Badge>{t('from_settings')}</Badge>}
        </span>
        <small class="mono">{one.url}</small>
      </span>
    ),
  },
  { key: 'format', label: t('callback_format'), cell: (one) => t(`format_${one.format}`) },
  { key: 'state', label: t('callback_state'), cell: (one) => <Health one={one} /> },
  { key: 'queued', label: t('callback_queued'), end: true, cell: (one) => <span class="number">{whole(sum(one.state.queued))}</span> },
  { key: 'dead', label: t('callback_dead'), end: true, cell: (one) => <span class="number">{whole(sum(one.state.dead))}</span> },
  { key: 'failed', label: t('callback_failed'), end: true, priority: 3, cell: (one) => <span class="number">{whole(one.state.failed + one.state.unwell + one.state.refused)}</span> },
];

function menuOf(http: Http, one: Receiver, on: { edit(): void; test(): void; changed(): void }): MenuItem[] {
  const test = { label: t('callback_test'), onSelect: on.test, testid: 'menu-test' };
  if (one.fromSettings) return [test];
  return [
    { label: t('change'), onSelect: on.edit, testid: 'menu-edit' },
    test,
    { label: t(one.enabled ? 'switch_off' : 'switch_on'), onSelect: () => void switchReceiver(http, one).then(on.changed, toastError), testid: 'menu-switch' },
    { label: t('delete'), onSelect: () => void removeReceiver(http, one).then((done) => done && on.changed()), grave: true, apart: true, testid: 'menu-delete' },
  ];
}
