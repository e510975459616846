import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { data, type Schemas } from '../../api/http.ts';
import { Button } from '../../design/button.tsx';
import { Callout } from '../../design/callout.tsx';
import { errorWords } from '../../design/errors.ts';
import { Field } from '../../design/field.tsx';
import { useForm } from '../../design/form.ts';
import { Panel } from '../../design/frame.tsx';
import { Select } from '../../design/select.tsx';
import { Stat, Stats } from '../../design/stat.tsx';
import { Switch } from '../../design/switch.tsx';
import { toast } from '../../design/toast.tsx';
import { secondsOf } from '../../lib/duration.ts';
import { useConsole, useRead } from '../context.ts';
import { whole } from '../format.ts';
import { isAway } from '../loader.ts';
import { t } from '../texts.ts';
import type { Room } from './page.tsx';

type Chat = Schemas['ChatGroupBody'];

/** The notice, how the chat is kept, and a word to all who are there. */
export function ChatTab({ room, onRoom }: { room: Room; onRoom(): void }): JSX.Element {
  const found = useRead((http, signal) => data(http.GET('/api/v1/rooms/{room}/chat', { params: { path: { room: room.id } }, signal })), [room.id]);
  const chat = found.value;
  return (
    <div class="columns">
      <div class="column">
        {found.error !== null && !isAway(found.error) && <Callout kind="bad">{errorWords(found.error)}</Callout>}
        {chat && <Rules room={room} chat={chat} onSaved={found.put} />}
      </div>
      <div class="column">
        {chat && (
          <Stats>
            <Stat label={t('chat_members')} value={whole(chat.members)} />
            <Stat label={t('chat_online')} value={whole(chat.online)} />
          </Stats>
        )}
        <Notice room={room} onSaved={onRoom} />
        <Tell room={room} />
      </div>
    </div>
  );
}

interface RulesForm {
  muteAll: boolean;
  slowMode: string;
  guestsSpeak: boolean;
  uploads: Chat['uploads'];
  introduction: string;
}

const rulesOf = (chat: Chat): RulesForm => ({ muteAll: chat.muteAll, slowMode: String(secondsOf(chat.slowMode)), guestsSpeak: chat.guestsSpeak, uploads: chat.uploads, introduction: chat.introduction });

function Rules({ room, chat, onSaved }: { room: Room; chat: Chat; onSaved(chat: Chat): void }): JSX.Element {
  const { http } = useConsole();
  const form = useForm<RulesForm>({
    initial: rulesOf(chat),
    check: (v) => ({ slowMode: /^\d{1,4}$/.test(v.slowMode.trim() || '0') && Number(v.slowMode) <= 3600 ? '' : t('fault_slow') }),
    save: async (v, before) => {
      const patch: Schemas['ChatGroupPatch'] = {
        ...(v.muteAll !== before.muteAll ? { muteAll: v.muteAll } : {}),
        ...(v.guestsSpeak !== before.guestsSpeak ? { guestsSpeak: v.guestsSpeak } : {}),
        ...(v.slowMode.trim() !== before.slowMode ? { slowMode: `${Number(v.slowMode)}s` } : {}),
        ...(v.uploads !== before.uploads ? { uploads: v.uploads } : {}),
        ...(v.introduction !== before.introduction ? { introduction: v.introduction } : {}),
      };
      onSaved(await data(http.PATCH('/api/v1/rooms/{room}/chat', { params: { path: { room: room.id } }, body: patch })));
      toast(t('chat_saved'));
    },
  });
  useEffect(() => form.take(rulesOf(chat)), [chat]);
  return (
    <Panel title={t('chat_rules')} testid="chat-rules">
      <form class="stack" onSubmit={(ev) => void form.submit(ev)} noValidate>
        <Switch {...form.field('muteAll')} label={t('chat_mute_all')} hint={t('chat_mute_all_hint')} testid="chat-mute-all" />
        <Switch {...form.field('guestsSpeak')} label={t('chat_guests')} hint={t('chat_guests_hint')} />
        <Field {...form.field('slowMode')} inputMode="numeric" label={t('chat_slow')} hint={t('chat_slow_hint')} after={t('unit_s')} testid="chat-slow" />
        <Select {...form.field('uploads')} label={t('chat_uploads')} options={[{ value: 'members', label: t('uploads_members') }, { value: 'admins', label: t('uploads_admins') }, { value: 'none', label: t('uploads_none') }]} />
        <Field {...form.field('introduction')} label={t('chat_intro')} rows={2} limit={{ max: 240, unit: 'bytes' }} optional />
        {form.error && <Callout kind="bad">{form.error}</Callout>}
        <div>
          <Button type="submit" kind="main" busy={form.busy} disabled={!form.changed} testid="chat-save">
            {t('save')}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function Notice({ room, onSaved }: { room: Room; onSaved(): void }): JSX.Element {
  const { http } = useConsole();
  const form = useForm({
    initial: { notice: room.notice },
    save: async ({ notice }) => {
      const saved = await data(http.PUT('/api/v1/rooms/{room}/notice', { params: { path: { room: room.id } }, body: { notice } }));
      toast(t('notice_saved'));
      if (saved.notice !== notice) form.reset({ notice: saved.notice }); // words that may not be said were replaced
      onSaved();
    },
  });
  useEffect(() => form.take({ notice: room.notice }), [room.notice]);
  return (
    <Panel title={t('field_notice')} testid="notice">
      <form class="stack" onSubmit={(ev) => void form.submit(ev)} noValidate>
        <Field {...form.field('notice')} label={t('notice_text')} hint={t('notice_hint')} rows={3} limit={{ max: 300, unit: 'bytes' }} testid="notice-text" />
        {form.error && <Callout kind="bad">{form.error}</Callout>}
        <div>
          <Button type="submit" kind="main" busy={form.busy} disabled={!form.changed} testid="notice-save">
            {t('save')}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

/** Told to who is there now, and kept nowhere. */
function Tell({ room }: { room: Room }): JSX.Element {
  const { http } = useConsole();
  const form = useForm({
    initial: { content: '' },
    check: (v) => ({ content: v.content.trim() === '' ? t('fault_empty') : '' }),
    save: async ({ content }) => {
      await data(http.POST('/api/v1/rooms/{room}/notifications', { params: { path: { room: room.id } }, body: { content: content.trim() } }));
      toast(t('tell_done'));
    },
  });
  const submit = async (ev: Event) => void ((await form.submit(ev)) && form.reset({ content: '' }));
  return (
    <Panel title={t('tell')} testid="tell">
      <form class="stack" onSubmit={(ev) => void submit(ev)} noValidate>
        <Field {...form.field('content')} label={t('tell_text')} hint={t('tell_hint')} rows={2} />
        {form.error && <Callout kind="bad">{form.error}</Callout>}
        <div>
          <Button type="submit" busy={form.busy}>
            {t('tell_go')}
          </Button>
        </div>
      </form>
    </Panel>
  );
}
