import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError, data, type Schemas } from '../api/http.ts';
import { Badge } from '../design/badge.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { confirm } from '../design/confirm.tsx';
import { CopyField } from '../design/copy-field.tsx';
import { Head, Panel } from '../design/frame.tsx';
import { toast } from '../design/toast.tsx';
import { Awaited } from './awaited.tsx';
import { useConsole, useRead } from './context.ts';
import { useDoing } from './doing.ts';
import { ago, moment } from './format.ts';
import { RotateDialog } from './keys-rotate.tsx';
import { stepOf, type Kind } from './keys-model.ts';
import { t } from './server-texts.ts';
import { t as title } from './texts.ts';

type Both = Schemas['KeysOutBody'];
type Pair = Schemas['KeyPairBody'];

/** The keys that sign addresses, and how they are changed while everything runs. */
export default function Keys(): JSX.Element {
  const found = useRead((http, signal) => data(http.GET('/api/v1/keys', { signal })), [], { every: 20_000 });
  const { value } = found;
  return (
    <>
      <Head title={title('nav_keys')} text={t('keys_text')} />
      <Awaited of={found} />
      {value && (
        <div class="columns">
          {(['push', 'play'] as const).map((kind) => (
            <Ring key={kind} kind={kind} pair={value[kind]} onChange={found.put} onStale={() => void found.read()} />
          ))}
        </div>
      )}
    </>
  );
}

function Ring({ kind, pair, onChange, onStale }: { kind: Kind; pair: Pair; onChange(both: Both): void; onStale(): void }): JSX.Element {
  const { http } = useConsole();
  const [rotating, setRotating] = useState(false);
  const revoke = () =>
    void confirm({
      title: t('revoke_title'),
      text: (
        <>
          <p>{t(`revoke_text_${kind}`)}</p>
          <p>{pair.backup?.lastUsedAt ? t('revoke_used', { time: ago(pair.backup.lastUsedAt, Date.now()) }) : t('revoke_unused')}</p>
        </>
      ),
      act: t('revoke'),
      grave: true,
      typed: pair.backup?.fingerprint ?? '',
      run: async () => {
        try {
          onChange(await data(http.DELETE('/api/v1/keys/{kind}/backup', { params: { path: { kind }, query: { backup: pair.backup?.fingerprint ?? '' } } })));
        } catch (err) {
          if (!(err instanceof ApiError && err.code === 'keys_changed')) throw err;
          onStale();
          throw new ApiError(err.status, err.code, t('rotate_stale'));
        }
      },
    }).then((done) => done && toast(t(`revoked_${kind}`)));
  return (
    <Panel
      title={t(`keys_${kind}`)}
      testid={`keys-${kind}`}
      actions={
        <Button onClick={() => setRotating(true)} testid={`rotate-${kind}`}>
          {t('rotate')}
        </Button>
      }
    >
      <p class="quiet">{t(`keys_${kind}_text`)}</p>
      <ul class="plain-list">
        <Entry name={t('key_primary')} note={t('key_primary_text')} found={pair.primary} testid={`${kind}-primary`} />
        {pair.backup && <Entry name={t('key_backup')} note={t('key_backup_text')} found={pair.backup} testid={`${kind}-backup`} />}
      </ul>
      <Steps kind={kind} pair={pair} onRevoke={revoke} />
      <Reveal key={pair.primary.fingerprint + (pair.backup?.fingerprint ?? '')} kind={kind} />
      {rotating && (
        <RotateDialog
          kind={kind}
          pair={pair}
          onClose={() => setRotating(false)}
          onStale={onStale}
          onDone={(both) => {
            onChange(both);
            setRotating(false);
            toast(t(`rotated_${kind}`));
          }}
        />
      )}
    </Panel>
  );
}

function Entry({ name, note, found, testid }: { name: string; note: string; found: Schemas['KeyBody']; testid: string }): JSX.Element {
  return (
    <li data-testid={testid} data-fingerprint={found.fingerprint}>
      <Badge kind="note">{name}</Badge> <code class="mono">{found.fingerprint}</code>
      <dl class="facts-list whole-line">
        <dt>{t('key_does')}</dt>
        <dd>{note}</dd>
        <dt>{t('key_since')}</dt>
        <dd>{found.since ? moment(found.since) : t('key_configured')}</dd>
        <dt>{t('key_used')}</dt>
        <dd>{found.lastUsedAt ? <time dateTime={found.lastUsedAt}>{ago(found.lastUsedAt, Date.now())}</time> : t('key_unknown')}</dd>
      </dl>
    </li>
  );
}

/** How a key is changed, and where one is on that way. */
function Steps({ kind, pair, onRevoke }: { kind: Kind; pair: Pair; onRevoke(): void }): JSX.Element {
  const at = stepOf(pair);
  return (
    <>
      <h3>{t('steps')}</h3>
      <ol class="obs-steps">
        <li aria-current={at === 'rotate' ? 'step' : undefined}>{t('step_rotate')}</li>
        <li aria-current={at === 'move' ? 'step' : undefined}>{t(`step_move_${kind}`)}</li>
        <li>{t('step_revoke')}</li>
      </ol>
      {pair.backup && (
        <p class="panel-note">
          <Button kind="grave" onClick={onRevoke} testid={`revoke-${kind}`}>
            {t('revoke')}
          </Button>
        </p>
      )}
    </>
  );
}

/** The keys themselves, for a backend that signs by itself. */
function Reveal({ kind }: { kind: Kind }): JSX.Element {
  const { http } = useConsole();
  const [keys, setKeys] = useState<Schemas['RevealOutBody'] | null>(null);
  const doing = useDoing();
  const reveal = () => doing.run('reveal', async () => setKeys(await data(http.POST('/api/v1/keys/{kind}/reveal', { params: { path: { kind } } }))));
  return (
    <>
      <h3>{t('reveal_title')}</h3>
      <p class="quiet">{t('reveal_text')}</p>
      {keys ? (
        <div class="stack">
          <CopyField label={t('key_primary')} value={keys.primary} secret testid={`${kind}-key`} />
          {keys.backup !== null && <CopyField label={t('key_backup')} value={keys.backup} secret testid={`${kind}-backup-key`} />}
        </div>
      ) : (
        <p class="panel-note">
          <Button busy={doing.what !== ''} onClick={() => void reveal()} testid={`reveal-${kind}`}>
            {t('reveal')}
          </Button>
        </p>
      )}
      {doing.error && <Callout kind="bad">{doing.error}</Callout>}
    </>
  );
}
