import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { data, type Schemas } from '../api/http.ts';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Empty } from '../design/empty.tsx';
import { errorWords } from '../design/errors.ts';
import { Head, Panel } from '../design/frame.tsx';
import { Stat, Stats } from '../design/stat.tsx';
import { Table, type Column } from '../design/table.tsx';
import { Tabs } from '../design/tabs.tsx';
import { toast } from '../design/toast.tsx';
import { Health, removeReceiver, switchReceiver } from './callbacks-acts.tsx';
import { DeadLetters } from './callbacks-dead.tsx';
import { ReceiverDialog } from './callbacks-dialog.tsx';
import { ASKED, OUTCOMES, sum, tookOf, type Receiver } from './callbacks-model.ts';
import { TestDialog } from './callbacks-test.tsx';
import { Awaited } from './awaited.tsx';
import { useConsole, useRead } from './context.ts';
import { useDoing } from './doing.ts';
import { ago, moment, whole } from './format.ts';
import { isAway } from './loader.ts';
import { t } from './server-texts.ts';
import { t as title } from './texts.ts';

/** One receiver: how it is, what was sent lately, and what it did not take. */
export function ReceiverPage({ id }: { id: string }): JSX.Element {
  const { http, router } = useConsole();
  const found = useRead((api, signal) => data(api.GET('/api/v1/callbacks/{callback}', { params: { path: { callback: id } }, signal })), [id], { every: 5000 });
  const [open, setOpen] = useState<'edit' | 'test' | null>(null);
  const doing = useDoing();
  const one = found.value;
  const tab = router.query('tab') === 'dead' ? 'dead' : 'tries';
  return (
    <>
      <Head
        title={id}
        back={{ href: '/admin/callbacks', label: title('nav_callbacks') }}
        text={one && <span class="mono">{one.url}</span>}
        actions={
          one && (
            <>
              {!one.fromSettings && (
                <>
                  <Button kind="grave" onClick={() => void removeReceiver(http, one).then((done) => done && router.go('/admin/callbacks'))} testid="callback-delete">
                    {t('delete')}
                  </Button>
                  <Button busy={doing.what !== ''} onClick={() => void doing.run('switch', async () => (await switchReceiver(http, one), await found.read()))} testid="callback-switch">
                    {t(one.enabled ? 'switch_off' : 'switch_on')}
                  </Button>
                  <Button onClick={() => setOpen('edit')} testid="callback-edit">
                    {t('change')}
                  </Button>
                </>
              )}
              <Button kind="main" onClick={() => setOpen('test')} testid="callback-test">
                {t('callback_test')}
              </Button>
            </>
          )
        }
      />
      {doing.error && <Callout kind="bad">{doing.error}</Callout>}
      <Awaited of={found} />
      {one && (
        <>
          {one.fromSettings && <Callout>{t('from_settings_text')}</Callout>}
          <State one={one} />
          <Tabs
            label={id}
            value={tab}
            onValue={(value) => router.setQuery({ tab: value === 'dead' ? 'dead' : '' })}
            tabs={[
              { value: 'tries', label: t('callback_tries') },
              { value: 'dead', label: t('callback_dead'), count: sum(one.state.dead) },
            ]}
            testid="callback-tabs"
          >
            {tab === 'dead' ? <DeadLetters id={id} count={sum(one.state.dead)} onChange={() => void found.read()} /> : <Tries id={id} />}
          </Tabs>
        </>
      )}
      {one && open === 'edit' && (
        <ReceiverDialog
          receiver={one}
          onClose={() => setOpen(null)}
          onDone={(after) => {
            setOpen(null);
            found.put(after);
            toast(t('callback_saved', { id }));
          }}
        />
      )}
      {one && open === 'test' && <TestDialog receiver={one} onClose={() => setOpen(null)} onDone={() => void found.read()} />}
    </>
  );
}

function State({ one }: { one: Receiver }): JSX.Element {
  const { state } = one;
  const byClass = (counts: Schemas['ClassCounts']) => (sum(counts) > 0 ? t('by_class', { state: whole(counts.state), people: whole(counts.people), talk: whole(counts.talk) }) : undefined);
  return (
    <Panel title={t('callback_state')} actions={<Health one={one} />} testid="callback-facts">
      <Stats>
        <Stat label={t('callback_delivered')} value={whole(state.delivered)} testid="callback-delivered" />
        <Stat label={t('callback_queued')} value={whole(sum(state.queued))} hint={state.oldestAt ? t('callback_oldest', { time: ago(state.oldestAt, Date.now()) }) : byClass(state.queued)} />
        <Stat label={t('callback_failed')} value={whole(state.failed + state.unwell)} />
        <Stat label={t('callback_refused')} value={whole(state.refused)} />
        <Stat label={t('callback_dead')} value={whole(sum(state.dead))} hint={byClass(state.dead)} />
        <Stat label={t('callback_dropped')} value={whole(sum(state.dropped) + state.givenUp)} hint={byClass(state.dropped)} />
      </Stats>
      <dl class="facts-list">
        <dt>{t('callback_format')}</dt>
        <dd>{t(`format_${one.format}`)}</dd>
        <dt>{t('callback_events')}</dt>
        <dd class="mono">{one.events.map((event) => (event === '*' ? t('event_all') : event)).join(', ')}</dd>
        <dt>{t('callback_key')}</dt>
        <dd>{t(one.hasKey ? 'callback_signed' : 'callback_unsigned')}</dd>
        <dt>{t('callback_retry')}</dt>
        <dd>{t(`retry_${one.retry}`)}</dd>
        {ASKED[one.format].length > 0 && (
          <>
            <dt>{t('callback_failure')}</dt>
            <dd>{t(`failure_${one.onFailure}`)}</dd>
          </>
        )}
      </dl>
      {state.circuit === 'open' && <Callout kind="warn">{t('circuit_open_text')}</Callout>}
      {state.circuit === 'paused' && <Callout>{t('circuit_paused_text')}</Callout>}
    </Panel>
  );
}

function Tries({ id }: { id: string }): JSX.Element {
  const found = useRead(async (http, signal) => (await data(http.GET('/api/v1/callbacks/{callback}/deliveries', { params: { path: { callback: id }, query: { limit: 100 } }, signal }))).deliveries, [id], { every: 4000 });
  const failed = found.error !== null && !isAway(found.error);
  return (
    <Table
      label={t('callback_tries')}
      columns={tryColumns()}
      rows={found.value}
      rowKey={(one) => `${one.at} ${one.id}`}
      rowName={(one) => one.event}
      state={failed ? 'error' : found.value ? 'ready' : 'loading'}
      error={failed ? errorWords(found.error) : ''}
      onRetry={() => void found.read()}
      empty={<Empty small title={t('tries_none')} />}
      testid="tries"
    />
  );
}

const tryColumns = (): Column<Schemas['CallbackTry']>[] => [
  { key: 'event', label: t('event'), priority: 1, cell: (one) => <span class="mono">{one.event}</span> },
  { key: 'at', label: t('at'), cell: (one) => <time dateTime={one.at} class="number nowrap">{moment(one.at)}</time> },
  {
    key: 'outcome',
    label: t('callback_outcome'),
    cell: (one) => (
      <span class="two-lines">
        <span>
          <Badge kind={OUTCOMES[one.outcome]}>{t(`outcome_${one.outcome}`)}</Badge> {one.status > 0 && <span class="number">{one.status}</span>}
        </span>
        {one.why && <small>{one.why}</small>}
      </span>
    ),
  },
  { key: 'took', label: t('callback_took'), end: true, cell: (one) => <span class="number nowrap">{tookOf(one.took)}</span> },
  { key: 'room', label: t('room'), priority: 3, cell: (one) => one.room || '–' },
  { key: 'id', label: t('event_id'), priority: 3, cell: (one) => <small class="mono event-id">{one.id || '–'}</small> },
];
