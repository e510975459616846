import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Empty } from '../design/empty.tsx';
import { errorWords } from '../design/errors.ts';
import { useList } from '../design/list.ts';
import { t } from './texts.ts';
import { when } from '../i18n/index.ts';
import type { Desk } from './desk.ts';
import { Kept, useReload } from './kept.tsx';

type Kind = 'mutes' | 'bans';

/** Who may not speak, and who may not come in; each can be taken back. */
export function PeopleCard({ desk }: { desk: Desk }): JSX.Element {
  return (
    <>
      <Sanctions desk={desk} kind="mutes" />
      <Sanctions desk={desk} kind="bans" />
    </>
  );
}

/** What was done last in the chat's sight: each act is a line there. */
const lastAct = (desk: Desk): string => desk.model.chat.value?.log.value.rows.findLast((row) => row.kind === 'act')?.key ?? '';

function Sanctions({ desk, kind }: { desk: Desk; kind: Kind }): JSX.Element {
  const list = useList((cursor, signal) => desk.calls.sanctions(kind, desk.room, cursor, signal), [desk, kind]);
  const [busy, setBusy] = useState('');
  const [error, setError] = useState('');
  useReload(list, lastAct(desk));
  const lift = async (user: string) => {
    setBusy(user);
    setError('');
    try {
      await desk.calls.lift(kind, desk.room, user);
    } catch (err) {
      setError(errorWords(err));
    }
    await list.reload();
    setBusy('');
  };
  return (
    <section aria-labelledby={`${kind}-title`} data-testid={kind}>
      <h3 id={`${kind}-title`}>{t(kind)}</h3>
      {error && <Callout kind="bad">{error}</Callout>}
      <Kept
        list={list}
        label={t(kind)}
        none={
          <Empty small title={t(`${kind}_none`)}>
            {t(`${kind}_how`)}
          </Empty>
        }
      >
        {(all) => (
          <ul class="sanctions">
            {all.map((one) => (
              <li key={one.user} data-user={one.user}>
                <span>
                  <b>
                    <bdi>{one.user}</bdi>
                  </b>{' '}
                  <small>
                    {one.until === null ? t('for_ever') : t('until', { time: when(one.until) })}
                    {one.reason && ` · ${one.reason}`}
                  </small>
                </span>
                <Button small busy={busy === one.user} onClick={() => void lift(one.user)} testid={`${kind}-lift`}>
                  {t(`${kind}_lift`)}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Kept>
    </section>
  );
}
