import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { data, type Schemas } from '../api/http.ts';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { Callout, type Tone } from '../design/callout.tsx';
import { Dialog } from '../design/dialog.tsx';
import { errorWords } from '../design/errors.ts';
import { Head } from '../design/frame.tsx';
import { Stat, Stats } from '../design/stat.tsx';
import { Table, type Column } from '../design/table.tsx';
import { useRead } from './context.ts';
import { moment, size, span, whole } from './format.ts';
import { isAway } from './loader.ts';
import { plural, t } from './texts.ts';

type Node = Schemas['NodeBody'];

const TONES: Record<Node['state'], Tone> = { ready: 'good', degraded: 'warn', not_ready: 'bad', no_answer: 'bad' };

const known = (node: Node): boolean => node.state !== 'no_answer';

/** The servers of the installation, and how each is. */
export default function Nodes(): JSX.Element {
  const found = useRead((http, signal) => data(http.GET('/api/v1/nodes', { signal })), [], { every: 5000 });
  const [open, setOpen] = useState('');
  const { value } = found;
  const sum = (of: (node: Node) => number) => (value ? whole(value.nodes.filter(known).reduce((n, node) => n + of(node), 0)) : null);
  const shown = value?.nodes.find((node) => node.id === open) ?? null;
  const failed = found.error !== null && !isAway(found.error);
  return (
    <>
      <Head title={t('nodes_title')} text={value ? (value.cluster ? plural('nodes_cluster', value.nodes.length) : t('nodes_alone')) : undefined} />
      <Stats>
        <Stat label={t('nodes_pushes')} value={sum((node) => node.pushes)} />
        <Stat label={t('nodes_viewers')} value={sum((node) => node.viewers)} />
        <Stat label={t('nodes_members')} value={sum((node) => node.members)} />
        <Stat label={t('nodes_store')} value={value ? t(`store_${value.store}`) : null} />
      </Stats>
      <Table
        label={t('nodes_title')}
        columns={columns(setOpen)}
        rows={value?.nodes ?? null}
        rowKey={(node) => node.id}
        state={failed ? 'error' : value ? 'ready' : 'loading'}
        error={failed ? errorWords(found.error) : ''}
        onRetry={() => void found.read()}
        testid="nodes"
      />
      {shown && <Detail node={shown} onClose={() => setOpen('')} />}
    </>
  );
}

const columns = (onOpen: (id: string) => void): Column<Node>[] => [
  {
    key: 'id',
    label: t('node'),
    priority: 1,
    wide: true,
    cell: (node) => (
      <span class="two-lines">
        <span class="mono">{node.id}</span>
        <small>{[node.version, node.self && t('node_self')].filter(Boolean).join(' · ')}</small>
      </span>
    ),
  },
  { key: 'state', label: t('rooms_status'), cell: (node) => <Badge kind={TONES[node.state]} lamp testid="node-state">{t(`node_${node.state}`)}</Badge> },
  { key: 'pushes', label: t('nodes_pushes'), end: true, cell: (node) => figure(node, whole(node.pushes)) },
  { key: 'viewers', label: t('nodes_viewers'), end: true, cell: (node) => figure(node, whole(node.viewers)) },
  { key: 'members', label: t('nodes_members'), end: true, cell: (node) => figure(node, whole(node.members)) },
  { key: 'memory', label: t('node_memory'), end: true, priority: 3, cell: (node) => figure(node, size(node.memoryBytes)) },
  { key: 'up', label: t('node_up'), priority: 3, cell: (node) => figure(node, up(node)) },
  {
    key: 'more',
    label: t('col_act'),
    end: true,
    cell: (node) => (
      <Button small onClick={() => onOpen(node.id)} testid="node-open">
        {t('node_checks')}
      </Button>
    ),
  },
];

const figure = (node: Node, text: string): JSX.Element => <span class="number nowrap">{known(node) ? text : '–'}</span>;
const up = (node: Node): string => span((Date.now() - Date.parse(node.startedAt)) / 1000);

function Detail({ node, onClose }: { node: Node; onClose(): void }): JSX.Element {
  return (
    <Dialog title={node.id} onClose={onClose} testid="node-dialog" actions={<Button onClick={onClose}>{t('close')}</Button>}>
      {node.detail && <Callout kind={TONES[node.state]}>{node.detail}</Callout>}
      {node.state === 'no_answer' && <p>{t('node_silent_text')}</p>}
      {known(node) && (
        <ul class="plain-list">
          {node.checks.map((check) => (
            <li key={check.name}>
              <span class="mono">{check.name}</span>
              <Badge kind={check.ok ? 'good' : 'bad'}>{check.ok ? t('check_ok') : t('check_bad')}</Badge>
              {!check.ok && <span class="whole-line">{check.detail}</span>}
            </li>
          ))}
        </ul>
      )}
      <dl class="facts-list">
        <dt>{t('node_version')}</dt>
        <dd>{node.version || '–'}</dd>
        {known(node) && (
          <>
            <dt>{t('node_started')}</dt>
            <dd>
              {moment(node.startedAt)} · {up(node)}
            </dd>
            <dt>{t('node_memory')}</dt>
            <dd>{size(node.memoryBytes)}</dd>
            <dt>{t('node_goroutines')}</dt>
            <dd>{whole(node.goroutines)}</dd>
          </>
        )}
        <dt>{t('node_seen')}</dt>
        <dd>{moment(node.lastSeenAt)}</dd>
        {node.url && (
          <>
            <dt>{t('node_url')}</dt>
            <dd class="mono">{node.url}</dd>
          </>
        )}
      </dl>
    </Dialog>
  );
}
