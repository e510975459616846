import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { data, type Schemas } from '../api/http.ts';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { confirm } from '../design/confirm.tsx';
import { Dialog } from '../design/dialog.tsx';
import { Empty } from '../design/empty.tsx';
import { useList } from '../design/list.ts';
import { Table, type Column } from '../design/table.tsx';
import { toast } from '../design/toast.tsx';
import { useConsole } from './context.ts';
import { useDoing } from './doing.ts';
import { moment } from './format.ts';
import { plural, t } from './server-texts.ts';

type Letter = Schemas['DeadLetterBody'];

/** What was put aside: looked at, sent again, or thrown away. */
export function DeadLetters({ id, count, onChange }: { id: string; count: number; onChange(): void }): JSX.Element {
  const { http, session } = useConsole();
  const path = { callback: id };
  const list = useList(async (cursor, signal) => {
    const { letters, nextCursor } = await data(http.GET('/api/v1/callbacks/{callback}/dead', { params: { path, query: { limit: 50, ...(cursor ? { cursor } : {}) } }, signal }));
    return { rows: letters, next: nextCursor ?? '' };
  }, [id]);
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const [open, setOpen] = useState<Letter | null>(null);
  const doing = useDoing();
  useEffect(() => {
    if (list.rows && list.state === 'ready') void list.reload();
  }, [count, session.returns.value]);
  const done = async () => {
    setSelected(new Set());
    onChange();
    await list.first();
  };
  const replay = (letters?: number[]) =>
    doing.run('replay', async () => {
      const { replayed } = await data(http.POST('/api/v1/callbacks/{callback}/dead/replay', { params: { path }, body: letters ? { letters } : {} }));
      toast(plural('replayed', replayed));
      await done();
    });
  const remove = (letters: string, n: number) =>
    confirm({
      title: plural('dead_delete', n),
      text: t('dead_delete_text'),
      act: t('delete'),
      grave: true,
      run: async () => void (await data(http.DELETE('/api/v1/callbacks/{callback}/dead', { params: { path, query: { letters } } }))),
    }).then((yes) => (yes ? done() : undefined));
  const some = [...selected];
  return (
    <div class="stack">
      <p class="quiet">{t('dead_text')}</p>
      {doing.error && <Callout kind="bad">{doing.error}</Callout>}
      {(count > 0 || (list.rows?.length ?? 0) > 0) && (
        <div class="chips">
          <Button busy={doing.what !== ''} onClick={() => void replay()} testid="replay-all">
            {t('replay_all')}
          </Button>
          <Button onClick={() => void remove('all', Math.max(count, list.rows?.length ?? 0))} testid="dead-delete-all">
            {t('dead_delete_all')}
          </Button>
        </div>
      )}
      <Table
        label={t('callback_dead')}
        columns={columns(setOpen)}
        rows={list.rows}
        rowKey={(one) => String(one.letter)}
        rowName={(one) => one.event}
        state={list.state}
        error={list.error}
        onRetry={() => void list.reload()}
        selected={selected}
        onSelect={setSelected}
        bulk={
          <>
            <Button small busy={doing.what !== ''} onClick={() => void replay(some.map(Number))} testid="replay-some">
              {t('replay')}
            </Button>
            <Button small onClick={() => void remove(some.join(','), some.length)} testid="dead-delete">
              {t('delete')}
            </Button>
          </>
        }
        pager={{ page: list.page, hasPrevious: list.hasPrevious, hasNext: list.hasNext, onPrevious: () => void list.previous(), onNext: () => void list.next() }}
        empty={<Empty small title={t('dead_none')} />}
        testid="dead"
      />
      {open && <LetterDialog letter={open} onClose={() => setOpen(null)} />}
    </div>
  );
}

const columns = (onOpen: (letter: Letter) => void): Column<Letter>[] => [
  { key: 'event', label: t('event'), priority: 1, cell: (one) => <span class="mono">{one.event}</span> },
  { key: 'at', label: t('at'), cell: (one) => <time dateTime={one.at} class="number nowrap">{moment(one.at)}</time> },
  {
    key: 'why',
    label: t('dead_why'),
    cell: (one) => (
      <span class="two-lines">
        <span>{one.why}</span>
        <small>{plural('dead_tries', one.tries)}</small>
      </span>
    ),
  },
  { key: 'room', label: t('room'), priority: 3, cell: (one) => one.room || '–' },
  {
    key: 'body',
    label: t('dead_body'),
    end: true,
    cell: (one) => (
      <Button small onClick={() => onOpen(one)} testid="dead-open">
        {t('look')}
      </Button>
    ),
  },
];

function LetterDialog({ letter, onClose }: { letter: Letter; onClose(): void }): JSX.Element {
  return (
    <Dialog title={letter.event} size="large" onClose={onClose} testid="dead-dialog" actions={<Button onClick={onClose}>{t('close')}</Button>}>
      <dl class="facts-list">
        <dt>{t('at')}</dt>
        <dd>{moment(letter.at)}</dd>
        <dt>{t('dead_at')}</dt>
        <dd>{moment(letter.deadAt)}</dd>
        <dt>{t('dead_why')}</dt>
        <dd>
          {letter.why} {letter.status > 0 && <Badge kind="bad">HTTP {letter.status}</Badge>}
        </dd>
        <dt>{t('event_id')}</dt>
        <dd class="mono">{letter.id || '–'}</dd>
      </dl>
      <h3>{t('dead_body')}</h3>
      <pre class="body-text" tabIndex={0} aria-label={t('dead_body')}>
        {JSON.stringify(letter.body, null, 2)}
      </pre>
      {letter.answer && (
        <>
          <h3>{t('callback_answer')}</h3>
          <pre class="body-text" tabIndex={0} aria-label={t('callback_answer')}>
            {letter.answer}
          </pre>
        </>
      )}
    </Dialog>
  );
}
