import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Load } from '../components/icons.tsx';
import { data, type Http } from '../api/http.ts';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Empty } from '../design/empty.tsx';
import { errorWords } from '../design/errors.ts';
import { Field } from '../design/field.tsx';
import { Head } from '../design/frame.tsx';
import { useList } from '../design/list.ts';
import { Table, type Column } from '../design/table.tsx';
import { toast } from '../design/toast.tsx';
import { ACTIONS, csvOf, detailsOf, FIELDS, FOREVER, gather, MOST, queryOf, type Entry, type Filter } from './audit-model.ts';
import { useConsole } from './context.ts';
import { moment, span, whole } from './format.ts';
import { offer } from './offer.ts';
import { plural, t } from './texts.ts';

const PAGE = 100;
const LOOKS = 8; // pages that may hold nothing before the next one, where few acts match
const LATER = 300; // ms after the last letter

async function pageOf(http: Http, filter: Filter, cursor: string, signal?: AbortSignal, limit = PAGE): Promise<{ acts: Entry[]; nextCursor?: string }> {
  return data(http.GET('/api/v1/audit', { params: { query: { ...queryOf(filter), limit, ...(cursor ? { cursor } : {}) } }, ...(signal ? { signal } : {}) }));
}

async function rowsOf(http: Http, filter: Filter, cursor: string, signal: AbortSignal): Promise<{ rows: Entry[]; next: string }> {
  let at = cursor;
  for (let n = 1; ; n++) {
    const { acts, nextCursor = '' } = await pageOf(http, filter, at, signal);
    if (acts.length > 0 || nextCursor === '' || n === LOOKS) return { rows: acts, next: nextCursor };
    at = nextCursor;
  }
}

/** Who did what: the log, looked through and taken away. */
export default function Audit(): JSX.Element {
  const { http, router, session } = useConsole();
  const filter = Object.fromEntries(FIELDS.map((field) => [field, router.query(field)])) as unknown as Filter;
  const list = useList((cursor, signal) => rowsOf(http, filter, cursor, signal), FIELDS.map((field) => filter[field]));
  useEffect(() => {
    if (session.returns.value > 0) void list.reload();
  }, [session.returns.value]);
  const filtered = FIELDS.some((field) => filter[field] !== '');
  return (
    <>
      <Head title={t('audit_title')} text={t('audit_text')} actions={<Download filter={filter} />} />
      <Filters filter={filter} />
      <Table
        label={t('audit_title')}
        columns={columns()}
        rows={list.rows}
        rowKey={(entry) => String(entry.seq)}
        rowName={(entry) => `${entry.action} ${entry.target}`}
        state={list.state}
        error={list.error}
        onRetry={() => void list.reload()}
        pager={{ page: list.page, hasPrevious: list.hasPrevious, hasNext: list.hasNext, onPrevious: () => void list.previous(), onNext: () => void list.next() }}
        empty={
          <Empty title={t(filtered ? 'audit_no_match' : 'audit_none')} small action={filtered && <Button onClick={() => router.setQuery(Object.fromEntries(FIELDS.map((field) => [field, ''])))}>{t('filters_clear')}</Button>} />
        }
        testid="audit"
      />
    </>
  );
}

function Filters({ filter }: { filter: Filter }): JSX.Element {
  const { router } = useConsole();
  const [typed, setTyped] = useState(filter);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const now = JSON.stringify(filter);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => setTyped(filter), [now]);
  const set = (field: keyof Filter) => (value: string) => {
    const next = { ...typed, [field]: value };
    setTyped(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => router.setQuery(Object.fromEntries(FIELDS.map((one) => [one, next[one].trim()]))), LATER);
  };
  return (
    <div class="filters filters-even" role="search">
      {FIELDS.map((field) =>
        field === 'since' || field === 'until' ? (
          <Field key={field} type="datetime-local" label={t(`audit_${field}`)} value={typed[field]} onValue={set(field)} testid={`audit-${field}`} />
        ) : (
          <Field key={field} label={t(`audit_${field}`)} value={typed[field]} onValue={set(field)} type="search" placeholder={field === 'action' ? 'ban' : ''} testid={`audit-${field}`} />
        ),
      )}
      <details class="filters-hint">
        <summary>{t('audit_actions')}</summary>
        <div class="chips">
          {ACTIONS.map((action) => (
            <Button key={action} small pressed={typed.action === action} onClick={() => set('action')(typed.action === action ? '' : action)}>
              {action}
            </Button>
          ))}
        </div>
      </details>
    </div>
  );
}

const columns = (): Column<Entry>[] => [
  { key: 'at', label: t('audit_at'), cell: (entry) => <time dateTime={entry.at} class="number nowrap">{moment(entry.at)}</time> },
  { key: 'action', label: t('audit_action'), priority: 1, cell: (entry) => <strong class="mono nowrap">{entry.action}</strong> },
  {
    key: 'by',
    label: t('audit_by'),
    cell: (entry) => (
      <span class="two-lines nowrap">
        <span>{entry.by || '–'}</span>
        {entry.detail.console && <small>{entry.detail.console}</small>}
      </span>
    ),
  },
  { key: 'target', label: t('audit_target'), cell: (entry) => <span class="target">{entry.target || '–'}</span> },
  { key: 'group', label: t('audit_room'), cell: (entry) => (entry.room ? <a href={`/admin/rooms/${encodeURIComponent(entry.room)}`}>{entry.room}</a> : entry.group || '–') },
  { key: 'detail', label: t('audit_detail'), cell: (entry) => <Details entry={entry} /> },
  {
    key: 'from',
    label: t('audit_from'),
    priority: 3,
    cell: (entry) => (
      <span class="two-lines">
        <span class="mono">{entry.address || '–'}</span>
        <small>{entry.platform}</small>
      </span>
    ),
  },
];

function Details({ entry }: { entry: Entry }): JSX.Element {
  const all = detailsOf(entry).filter(([name]) => name !== 'console');
  if (all.length === 0) return <span>–</span>;
  return (
    <dl class="detail">
      {all.map(([name, value]) => (
        <div key={name}>
          <dt class="mono">{name}</dt>
          <dd>{name === 'seconds' ? (value === FOREVER ? t('audit_forever') : span(Number(value))) : value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** All that matches, as a file made here. */
function Download({ filter }: { filter: Filter }): JSX.Element {
  const { http } = useConsole();
  const [got, setGot] = useState<number | null>(null);
  const [error, setError] = useState('');
  const save = async () => {
    setGot(0);
    setError('');
    try {
      const { entries, more } = await gather((cursor) => pageOf(http, filter, cursor, undefined, 500), setGot);
      offer(csvOf(entries), `liveroom-audit-${new Date().toISOString().slice(0, 10)}.csv`, 'text/csv');
      if (more) toast(t('audit_more', { n: whole(MOST) }));
    } catch (err) {
      setError(errorWords(err));
    } finally {
      setGot(null);
    }
  };
  return (
    <>
      <Button icon={<Load />} busy={got !== null} onClick={() => void save()} testid="audit-csv">
        {got ? plural('audit_got', got) : t('audit_csv')}
      </Button>
      {error && <Callout kind="bad">{error}</Callout>}
    </>
  );
}
