import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Down } from '../components/icons.tsx';
import { ChevronDown, Up } from './icons.tsx';
import { Button } from './button.tsx';
import { Callout } from './callout.tsx';
import { Empty } from './empty.tsx';
import { Menu, type MenuItem } from './menu.tsx';
import { Spinner } from './spinner.tsx';
import { Checkbox } from './switch.tsx';
import { selection, sorted, turned, turnedAll, type Sort } from './table-model.ts';
import { plural, t } from './texts.ts';

export interface Column<Row> {
  key: string;
  label: string;
  cell(row: Row): ComponentChildren;
  /** Where there is little room: 1 is the row's head line, 2 (usual) stands below it with its label, 3 only on demand. */
  priority?: 1 | 2 | 3;
  /** Numbers stand at the end of the cell. */
  end?: boolean;
  /** A press on the head sorts by it; `down` begins with the largest. */
  sort?: boolean | 'down';
  /** Takes the room that is left. */
  wide?: boolean;
}

export interface TableProps<Row> {
  /** What it lists, for who can't see what is around it. */
  label: string;
  columns: readonly Column<Row>[];
  /** null: not known yet. */
  rows: readonly Row[] | null;
  rowKey(row: Row): string;
  /** A row in a few words, for its tick and menu; its key where not given. */
  rowName?(row: Row): string;
  state?: 'loading' | 'ready' | 'error';
  /** Why the rows can't be had; those from before stay. */
  error?: string;
  onRetry?(): void;
  /** Stands in place of the rows where there are none. */
  empty?: ComponentChildren;
  sort?: Sort | null;
  onSort?(sort: Sort): void;
  /** What may be done about a row, behind its last cell's button. */
  actions?(row: Row): readonly MenuItem[];
  /** Leads to more about a row, at its head line. */
  href?(row: Row): string;
  selected?: ReadonlySet<string>;
  onSelect?(selected: Set<string>): void;
  /** What may be done about the selected ones. */
  bulk?: ComponentChildren;
  pager?: PagerProps;
  testid?: string;
}

const WAITING = [1, 2, 3];
const NONE: ReadonlySet<string> = new Set();

/** Rows and columns; where there is little room each row is a small card. */
export function Table<Row>(props: TableProps<Row>): JSX.Element {
  const { label, rows, state = rows ? 'ready' : 'loading', error = '', onRetry, empty, selected, onSelect, bulk, pager, testid } = props;
  const chosen = selected?.size ?? 0;
  return (
    <div class="table" data-state={rows?.length === 0 && state === 'ready' ? 'empty' : state} aria-busy={state === 'loading'} data-testid={testid}>
      {state === 'error' && (
        <Callout kind="bad" title={t('list_error')} action={onRetry && <Button small onClick={onRetry} testid="table-retry">{t('retry')}</Button>}>
          {error}
        </Callout>
      )}
      {onSelect && chosen > 0 && (
        <div class="table-bulk" role="group" aria-label={plural('selected', chosen)}>
          <strong role="status">{plural('selected', chosen)}</strong>
          {bulk}
          <Button kind="plain" small onClick={() => onSelect(new Set())}>
            {t('select_none')}
          </Button>
        </div>
      )}
      {(rows !== null || state === 'loading') && <Grid {...props} />}
      <p class="hidden" role="status">
        {state === 'loading' ? t('loading') : ''}
      </p>
      {rows?.length === 0 && state === 'ready' && (empty ?? <Empty title={t('list_empty')} small />)}
      {pager && (pager.hasNext || pager.hasPrevious) && <Pager label={label} {...pager} busy={pager.busy ?? state === 'loading'} />}
    </div>
  );
}

/** Heads and rows; drawn as waiting where the rows are not known yet. */
function Grid<Row>(props: TableProps<Row>): JSX.Element {
  const { label, columns, rows, rowKey, sort = null, onSort, actions, selected = NONE, onSelect } = props;
  const keys = rows?.map(rowKey) ?? [];
  const ticked = selection(keys, selected);
  return (
    <table role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {onSelect && (
            <th role="columnheader" class="table-tick">
              <Checkbox label={t('select_all')} labelHidden disabled={keys.length === 0} value={ticked === 'all'} some={ticked === 'some'} onValue={() => onSelect(turnedAll(keys, selected))} testid="table-all" />
            </th>
          )}
          {columns.map((column) => (
            <Head key={column.key} column={column} sort={sort} onSort={onSort} />
          ))}
          {actions && (
            <th role="columnheader" class="table-acts">
              <span class="hidden">{t('row_actions')}</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows?.map((row) => (
          <Line key={rowKey(row)} row={row} table={props} />
        ))}
        {rows === null && WAITING.map((n) => <Ghost key={n} cells={columns.length + Number(!!onSelect) + Number(!!actions)} />)}
      </tbody>
    </table>
  );
}

function Head<Row>({ column, sort, onSort }: { column: Column<Row>; sort: Sort | null; onSort?: ((sort: Sort) => void) | undefined }): JSX.Element {
  const mine = sort?.key === column.key ? sort : null;
  const name = [column.end && 'table-end', column.wide && 'table-wide'].filter(Boolean).join(' ') || undefined;
  if (!column.sort || !onSort) {
    return (
      <th role="columnheader" class={name}>
        {column.label}
      </th>
    );
  }
  return (
    <th role="columnheader" class={name} aria-sort={mine ? (mine.down ? 'descending' : 'ascending') : 'none'}>
      <button type="button" class="table-sort" data-sorted={mine ? (mine.down ? 'down' : 'up') : undefined} onClick={() => onSort(sorted(sort, column.key, column.sort === 'down'))} data-testid={`sort-${column.key}`}>
        {column.label}
        {mine?.down ? <Down /> : <Up />}
      </button>
    </th>
  );
}

function Line<Row>({ row, table }: { row: Row; table: TableProps<Row> }): JSX.Element {
  const { columns, rowKey, rowName = rowKey, actions, href, selected = NONE, onSelect } = table;
  const [open, setOpen] = useState(false);
  const key = rowKey(row);
  const name = rowName(row);
  const first = columns.find((column) => column.priority === 1) ?? columns[0];
  const entries = actions?.(row) ?? [];
  return (
    <tr role="row" data-testid="row" data-row={key} data-open={open || undefined} aria-selected={onSelect ? selected.has(key) : undefined}>
      {onSelect && (
        <td role="cell" class="table-tick">
          <Checkbox label={t('select_row', { what: name })} labelHidden value={selected.has(key)} onValue={() => onSelect(turned(key, selected))} testid="row-select" />
        </td>
      )}
      {columns.map((column) => (
        <td key={column.key} role="cell" class={`table-p${column === first ? 1 : column.priority === 3 ? 3 : 2}${column.end ? ' table-end' : ''}${column.wide ? ' table-wide' : ''}`} data-column={column.key}>
          <span class="table-label" aria-hidden="true">
            {column.label}
          </span>
          {column === first && href ? (
            <a class="table-link" href={href(row)}>
              {column.cell(row)}
            </a>
          ) : (
            <div class="table-value">{column.cell(row)}</div>
          )}
        </td>
      ))}
      {actions && (
        <td role="cell" class="table-acts">
          {entries.length > 0 && <Menu small label={t('row_actions_of', { what: name })} items={entries} testid="row-menu" />}
        </td>
      )}
      {columns.some((column) => column.priority === 3) && (
        <td role="cell" class="table-open">
          <button type="button" class="button button-plain button-small" aria-expanded={open} aria-label={t('row_more_of', { what: name })} onClick={() => setOpen(!open)} data-testid="row-more">
            {t('row_more')} <ChevronDown />
          </button>
        </td>
      )}
    </tr>
  );
}

const Ghost = ({ cells }: { cells: number }): JSX.Element => (
  <tr role="row" class="table-ghost" aria-hidden="true">
    {Array.from({ length: cells }, (_, i) => (
      <td key={i} role="cell">
        <span />
      </td>
    ))}
  </tr>
);

export interface PagerProps {
  /** Of what; a table gives its own. */
  label?: string;
  /** Number of the page, from 1. */
  page: number;
  hasPrevious: boolean;
  hasNext: boolean;
  onPrevious(): void;
  onNext(): void;
  busy?: boolean;
}

/** Forward and back through pages of which nobody knows how many there are. */
export function Pager({ label, page, hasPrevious, hasNext, onPrevious, onNext, busy = false }: PagerProps): JSX.Element {
  return (
    <div class="pager" role="group" aria-label={label}>
      <Button small disabled={!hasPrevious || busy} onClick={onPrevious} testid="page-previous">
        {t('page_previous')}
      </Button>
      <span class="number" role="status">
        {busy ? <Spinner /> : t('page', { n: page })}
      </span>
      <Button small disabled={!hasNext || busy} onClick={onNext} testid="page-next">
        {t('page_next')}
      </Button>
    </div>
  );
}
