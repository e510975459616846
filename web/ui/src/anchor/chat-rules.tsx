import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Schemas } from '../api/http.ts';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { errorWords } from '../design/errors.ts';
import { Field } from '../design/field.tsx';
import { Select } from '../design/select.tsx';
import { Spinner } from '../design/spinner.tsx';
import { Switch } from '../design/switch.tsx';
import { plural, t } from './texts.ts';
import { secondsOf } from '../lib/duration.ts';
import type { Desk } from './desk.ts';

const SLOW = [0, 3, 5, 10, 30, 60, 300] as const;
const NOTICE_BYTES = 300;

type Group = Schemas['ChatGroupBody'];
type Patch = Schemas['ChatGroupPatch'];

/** The notice above the chat, and who may say what how often. Each takes effect at once, for all. */
export function ChatRules({ desk }: { desk: Desk }): JSX.Element {
  const [group, setGroup] = useState<Group | null>(null);
  const [busy, setBusy] = useState<keyof Patch | null>(null);
  const [error, setError] = useState('');
  const settings = desk.model.chat.value?.settings.value; // what somebody else changed comes over the chat
  useEffect(() => {
    const aborted = new AbortController();
    desk.calls.chat(desk.room, aborted.signal).then(setGroup, (err: unknown) => aborted.signal.aborted || setError(errorWords(err)));
    return () => aborted.abort();
  }, [desk, settings]);
  const change = async (patch: Patch): Promise<void> => {
    setBusy(Object.keys(patch)[0] as keyof Patch);
    setError('');
    try {
      setGroup(await desk.calls.changeChat(desk.room, patch));
    } catch (err) {
      setError(errorWords(err));
    }
    setBusy(null);
  };
  if (!group) return error ? <Callout kind="bad">{error}</Callout> : <Spinner />;
  const slow = secondsOf(group.slowMode);
  const steps = [...new Set([...SLOW, slow])].sort((a, b) => a - b);
  return (
    <div class="rules" data-testid="rules">
      <NoticeField desk={desk} notice={group.notice} />
      <Switch label={t('mute_all')} hint={t('mute_all_hint')} value={group.muteAll} busy={busy === 'muteAll'} onValue={(muteAll) => void change({ muteAll })} testid="mute-all" />
      <Select
        label={t('slow_mode')}
        hint={t('slow_mode_hint')}
        value={String(slow)}
        disabled={busy === 'slowMode'}
        onValue={(value) => void change({ slowMode: `${value}s` })}
        options={steps.map((s) => ({ value: String(s), label: s === 0 ? t('slow_off') : plural('slow_each', s) }))}
        testid="slow-mode"
      />
      <Switch label={t('guests_speak')} hint={t('guests_speak_hint')} value={group.guestsSpeak} busy={busy === 'guestsSpeak'} onValue={(guestsSpeak) => void change({ guestsSpeak })} testid="guests-speak" />
      <Select
        label={t('uploads')}
        value={group.uploads}
        disabled={busy === 'uploads'}
        onValue={(uploads) => void change({ uploads })}
        options={(['members', 'admins', 'none'] as const).map((value) => ({ value, label: t(`uploads_${value}`) }))}
        testid="uploads"
      />
      {error && <Callout kind="bad">{error}</Callout>}
    </div>
  );
}

function NoticeField({ desk, notice }: { desk: Desk; notice: string }): JSX.Element {
  const [text, setText] = useState(notice);
  const [known, setKnown] = useState(notice);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  useEffect(() => {
    if (text === known) setText(notice); // what is being written stays
    setKnown(notice);
  }, [notice]);
  const save = async (ev: Event) => {
    ev.preventDefault();
    if (busy) return;
    setBusy(true);
    setError('');
    try {
      await desk.calls.notice(desk.room, text.trim());
      setKnown(text.trim());
    } catch (err) {
      setError(errorWords(err));
    }
    setBusy(false);
  };
  return (
    <form onSubmit={(ev) => void save(ev)} class="notice-form">
      <Field label={t('notice')} hint={t('notice_hint')} rows={3} value={text} onValue={setText} error={error} limit={{ max: NOTICE_BYTES, unit: 'bytes' }} testid="notice" />
      <Button type="submit" small busy={busy} disabled={text.trim() === known} testid="notice-save">
        {t('notice_save')}
      </Button>
    </form>
  );
}
