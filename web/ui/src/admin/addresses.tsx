import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { QrCode } from '../components/qr-code.tsx';
import { data, type Schemas } from '../api/http.ts';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { CopyField } from '../design/copy-field.tsx';
import { Field } from '../design/field.tsx';
import { useForm } from '../design/form.ts';
import { Head, Panel } from '../design/frame.tsx';
import { Segmented } from '../design/segmented.tsx';
import { Select } from '../design/select.tsx';
import { when } from '../i18n/index.ts';
import { addressDraft, addressFaults, emptyAddress, LIVES, type AddressForm } from './addresses-model.ts';
import { useConsole } from './context.ts';
import { ago, moment } from './format.ts';
import { localTime } from './room-form.ts';
import { t } from './server-texts.ts';
import { t as title } from './texts.ts';
import { CheckForm, Verdict } from './verdict.tsx';

/** Addresses for whoever pushes or plays, and why one was refused. */
export default function Addresses(): JSX.Element {
  return (
    <>
      <Head title={title('nav_addresses')} text={t('addresses_text')} />
      <div class="columns">
        <Generator />
        <Checker />
      </div>
    </>
  );
}

function Generator(): JSX.Element {
  const { http, router } = useConsole();
  const [made, setMade] = useState<Schemas['AddressesOutBody'] | null>(null);
  const form = useForm<AddressForm>({
    initial: { ...emptyAddress, room: router.query('room') },
    check: (v) => Object.fromEntries(Object.entries(addressFaults(v, Date.now())).map(([field, key]) => [field, t(key)])),
    names: { expiresIn: 'life', expiresAt: 'until' },
    save: async (v) => setMade(await data(http.POST('/api/v1/addresses', { body: addressDraft(v) }))),
  });
  const v = form.values;
  return (
    <Panel title={t('address_make')} testid="address-generator">
      <form class="stack" onSubmit={(ev) => void form.submit(ev)} noValidate>
        <Segmented label={t('address_of')} labelShown value={v.of} onValue={(of) => form.set('of', of)} options={[{ value: 'room', label: t('address_room') }, { value: 'stream', label: t('address_stream') }]} testid="address-of" />
        <div class="form-grid">
          {v.of === 'room' ? (
            <Field {...form.field('room')} mono label={t('address_room')} hint={t('address_room_hint')} testid="address-room" />
          ) : (
            <Field {...form.field('stream')} mono label={t('address_stream')} hint={t('address_stream_hint')} testid="address-stream" />
          )}
          <Field {...form.field('app')} mono label="AppName" hint={t('address_app_hint')} placeholder="live" optional testid="address-app" />
          <Select {...form.field('life')} label={t('address_life')} hint={t('address_life_hint')} options={[...LIVES.map((life) => ({ value: life, label: t(`life_${life}`) })), { value: 'until', label: t('life_until') }]} testid="address-life" />
          {v.life === 'until' && <Field {...form.field('until')} type="datetime-local" label={t('address_until')} min={localTime(new Date().toISOString())} testid="address-until" />}
        </div>
        {form.error && <Callout kind="bad">{form.error}</Callout>}
        <p class="panel-note">
          <Button type="submit" kind="main" busy={form.busy} testid="address-go">
            {t('address_go')}
          </Button>
        </p>
      </form>
      {made && <Made found={made} />}
    </Panel>
  );
}

const withQr = (text: string) => (label: string) => <QrCode text={text} label={label} />;

function Made({ found }: { found: Schemas['AddressesOutBody'] }): JSX.Element {
  const { push, play } = found;
  return (
    <div class="stack" data-testid="addresses-made">
      <h3>{t('address_push')}</h3>
      <CopyField label={t('obs_server')} value={push.obs.server} hint={t('obs_hint')} testid="made-server" />
      <CopyField label={t('obs_key')} value={push.obs.streamKey} secret hint={t('obs_key_hint')} testid="made-key" />
      <CopyField label={t('address_whole')} value={push.rtmp} secret qr={withQr(push.rtmp)} testid="made-push" />
      <h3>{t('address_play')}</h3>
      <CopyField label="HLS" value={play.hls} qr={withQr(play.hls)} testid="made-hls" />
      <CopyField label="HTTP-FLV" value={play.flv} qr={withQr(play.flv)} testid="made-flv" />
      <CopyField label="WebSocket-FLV" value={play.wsFlv} />
      <CopyField label="RTMP" value={play.rtmp} qr={withQr(play.rtmp)} />
      <p class="quiet">{t('address_ends', { time: when(found.expiresAt) })}</p>
    </div>
  );
}

function Checker(): JSX.Element {
  const { http } = useConsole();
  const [found, setFound] = useState<Schemas['AddressCheckBody'] | null>(null);
  const form = useForm({
    initial: { url: '' },
    check: (v) => ({ url: v.url.trim() === '' ? t('fault_empty') : '' }),
    save: async (v) => setFound(await data(http.POST('/api/v1/addresses/check', { body: { url: v.url.trim() } }))),
  });
  return (
    <Panel title={t('address_check')} testid="address-checker">
      <CheckForm form={form} testid="check-go">
        <Field {...form.field('url')} mono rows={4} label={t('address_url')} hint={t('address_url_hint')} testid="check-url" />
      </CheckForm>
      {found && (
        <Verdict
          ok={found.ok}
          code={found.code}
          sentences={found.sentences}
          testid="address-verdict"
          facts={[
            [t('check_purpose'), found.purpose === '' ? t('purpose_none') : t(`purpose_${found.purpose}`)],
            ['AppName', found.app],
            [t('address_stream'), found.stream],
            [t('address_room'), found.room ? <a href={`/admin/rooms/${encodeURIComponent(found.room)}`}>{found.room}</a> : t('check_no_room')],
            [t('check_expires'), found.expiresAt ? `${moment(found.expiresAt)} · ${ago(found.expiresAt, Date.now())}` : ''],
          ]}
        />
      )}
    </Panel>
  );
}
