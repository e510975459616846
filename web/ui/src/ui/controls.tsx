import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Plus } from '../components/icons.tsx';
import { Bin, Pen } from '../design/icons.tsx';
import { QrCode } from '../components/qr-code.tsx';
import { Button, IconButton } from '../design/button.tsx';
import { CopyField } from '../design/copy-field.tsx';
import { Field } from '../design/field.tsx';
import { Segmented } from '../design/segmented.tsx';
import { Select } from '../design/select.tsx';
import { Checkbox, Switch } from '../design/switch.tsx';
import { t } from './texts.ts';

const KEY = 'evening-garden?txSecret=8a1f0c9b6e&txTime=6A5B1C00';
const nothing = () => undefined;

export function Buttons(): JSX.Element {
  const [held, setHeld] = useState(true);
  return (
    <>
      <div class="ui-line">
        <Button kind="main">{t('start')}</Button>
        <Button>{t('pause')}</Button>
        <Button kind="grave">{t('end')}</Button>
        <Button kind="plain">{t('learn')}</Button>
      </div>
      <div class="ui-line">
        <Button kind="main" busy>
          {t('saving')}
        </Button>
        <Button busy>{t('saving')}</Button>
        <Button kind="main" disabled>
          {t('not_now')}
        </Button>
        <Button disabled>{t('not_now')}</Button>
      </div>
      <div class="ui-line">
        <Button small icon={<Plus />}>
          {t('rooms')}
        </Button>
        <Button small kind="main" href="/ui">
          {t('link')}
        </Button>
        <Button small pressed={held} onClick={() => setHeld(!held)}>
          {t('held')}
        </Button>
        <IconButton label={t('edit')} icon={<Pen />} />
        <IconButton label={t('delete')} icon={<Bin />} kind="grave" />
        <IconButton label={t('saving')} icon={<Pen />} busy kind="quiet" />
        <IconButton label={t('not_now')} icon={<Pen />} disabled kind="quiet" />
      </div>
    </>
  );
}

export function Fields(): JSX.Element {
  const [title, setTitle] = useState(t('room_title_value'));
  const [room, setRoom] = useState('evening-garden');
  const [notice, setNotice] = useState(t('notice_value'));
  const [history, setHistory] = useState('20');
  const [order, setOrder] = useState('new');
  const [token, setToken] = useState('');
  return (
    <div class="form">
      <Field label={t('room_title')} hint={t('room_title_hint')} value={title} onValue={setTitle} limit={{ max: 30, unit: 'characters' }} testid="ui-title" />
      <Field label={t('room_id')} value={room} onValue={setRoom} mono error={t('room_id_error')} before="/rooms/" />
      <Field label={t('notice')} value={notice} onValue={setNotice} rows={3} limit={{ max: 60, unit: 'bytes' }} optional />
      <div class="form-pair">
        <Field label={t('history')} type="number" value={history} onValue={setHistory} after={t('messages')} min={0} max={200} />
        <Select label={t('order')} value={order} onValue={setOrder} options={[{ value: 'new', label: t('order_new') }, { value: 'popular', label: t('order_popular') }, { value: 'none', label: t('order_none'), disabled: true }]} />
      </div>
      <div class="form-pair">
        <Field label={t('token')} type="password" value={token} onValue={setToken} placeholder="••••••••" autocomplete="off" />
        <Field label={t('read_only')} value={t('disabled_value')} onValue={nothing} disabled />
      </div>
    </div>
  );
}

export function Choices(): JSX.Element {
  const [guests, setGuests] = useState(true);
  const [tips, setTips] = useState(false);
  const [remember, setRemember] = useState(true);
  const [quality, setQuality] = useState('auto');
  return (
    <div class="form">
      <Switch label={t('guests')} hint={t('guests_hint')} value={guests} onValue={setGuests} testid="ui-guests" />
      <Switch label={t('tips')} value={tips} onValue={setTips} />
      <Switch label={t('record')} value={false} onValue={nothing} error={t('record_error')} />
      <Switch label={t('saving')} value onValue={nothing} busy />
      <Switch label={t('not_now')} value={false} onValue={nothing} disabled />
      <div class="ui-line">
        <Checkbox label={t('remember')} value={remember} onValue={setRemember} />
        <Checkbox label={t('some')} value={false} some onValue={nothing} />
        <Checkbox label={t('not_now')} value={false} onValue={nothing} disabled />
      </div>
      <Segmented
        label={t('quality')}
        labelShown
        value={quality}
        onValue={setQuality}
        options={[
          { value: 'auto', label: t('quality_auto') },
          { value: 'high', label: t('quality_high') },
          { value: 'low', label: t('quality_low') },
          { value: 'none', label: t('not_now'), disabled: true },
        ]}
      />
    </div>
  );
}

export function Copies(): JSX.Element {
  return (
    <div class="form">
      <CopyField label={t('address')} value="rtmp://live.example.com/live" testid="ui-copy" />
      <CopyField label={t('stream_key')} value={KEY} hint={t('stream_key_hint')} secret qr={(label) => <QrCode text={KEY} label={label} />} testid="ui-secret" />
    </div>
  );
}
