import type { JSX } from 'preact';
import { QrCode } from '../components/qr-code.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { CopyField } from '../design/copy-field.tsx';
import { errorWords } from '../design/errors.ts';
import { Panel } from '../design/frame.tsx';
import { Spinner } from '../design/spinner.tsx';
import { t } from './texts.ts';
import { when } from '../i18n/index.ts';
import type { Desk } from './desk.ts';
import { ObsGuide } from './obs-guide.tsx';
import { refusalWords } from './words.ts';

/** Where to push, and how an encoder is told. Who has the key may push: it is covered until it is asked for. */
export function PushCard({ desk }: { desk: Desk }): JSX.Element {
  const addresses = desk.addresses.value;
  const error = desk.addressError.value;
  return (
    <Panel title={t('push')} testid="push">
      {!addresses && error === null && (
        <p role="status">
          <Spinner /> {t('push_loading')}
        </p>
      )}
      {error !== null && (
        <Callout kind="bad" action={<Button onClick={() => void desk.newAddress()}>{t('again')}</Button>}>
          {errorWords(error)}
        </Callout>
      )}
      {addresses && (
        <>
          <CopyField label={t('push_server')} value={addresses.push.obs.server} testid="push-server" />
          <CopyField label={t('push_key')} value={addresses.push.obs.streamKey} secret testid="push-key" />
          <CopyField label={t('push_whole')} hint={t('push_whole_hint')} value={addresses.push.rtmp} secret qr={() => <QrCode text={addresses.push.rtmp} label={t('push_qr')} />} testid="push-address" />
          <p class="panel-note">
            {t('push_until', { time: when(addresses.expiresAt) })}{' '}
            <Button kind="plain" small onClick={() => void desk.newAddress()} testid="push-new">
              {t('push_new')}
            </Button>
          </p>
          <ObsGuide server={addresses.push.obs.server} />
        </>
      )}
      <Refusals desk={desk} />
    </Panel>
  );
}

const SHOWN = 5;

/** Why an encoder was not let in, in words: it only says "failed to connect". */
function Refusals({ desk }: { desk: Desk }): JSX.Element | null {
  const all = desk.fresh.value.slice(0, SHOWN);
  if (all.length === 0) return null;
  return (
    <Callout kind="warn" title={t('refused')} testid="refusals">
      <ul class="refusals">
        {all.map((refusal) => (
          <li key={`${refusal.at} ${refusal.remote}`} data-code={refusal.code}>
            <time dateTime={refusal.at}>{when(refusal.at)}</time> {refusalWords(refusal.code, refusal.detail)} <small>{t('refused_from', { remote: refusal.remote, code: refusal.code })}</small>
          </li>
        ))}
      </ul>
    </Callout>
  );
}
