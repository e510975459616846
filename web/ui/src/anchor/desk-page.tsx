import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Api } from '../api/client.ts';
import { ChatPanel } from '../components/chat-panel.tsx';
import { People } from '../components/icons.tsx';
import { Stage } from '../components/stage.tsx';
import { StatusSign } from '../components/status-sign.tsx';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { Empty } from '../design/empty.tsx';
import { Panel } from '../design/frame.tsx';
import { Spinner } from '../design/spinner.tsx';
import { Tabs } from '../design/tabs.tsx';
import { t, type AnchorKey } from './texts.ts';
import { plural as count, when } from '../i18n/index.ts';
import { scene } from '../status/record.ts';
import { ChatRules } from './chat-rules.tsx';
import type { Desk } from './desk.ts';
import { DrawsCard } from './draws-card.tsx';
import { DriveBar } from './drive-bar.tsx';
import { GiftsCard } from './gifts-card.tsx';
import { HealthCard } from './health-card.tsx';
import { PeopleCard } from './people-card.tsx';
import { PushCard } from './push-card.tsx';
import { RecordingsCard } from './recordings-card.tsx';
import { SessionsCard } from './sessions-card.tsx';

const VIEWS = ['rules', 'draws', 'gifts', 'people', 'recordings', 'sessions'] as const;
type View = (typeof VIEWS)[number];

/** One room as its anchor works in it: what viewers see and what may be done at the left, the chat at the right. */
export function DeskPage({ desk, api }: { desk: Desk; api: Api }): JSX.Element {
  const { model } = desk;
  const room = model.room.value;
  const chat = model.chat.value;
  const interaction = model.interaction.value;
  const record = desk.record.value;
  const [view, setView] = useState<View>('rules');
  if (!room || !chat || !interaction || !record) return <Absent state={model.state.value} />;
  const mine = !chat.me.value.anonymous && chat.me.value.user === room.anchor;
  return (
    <div class="desk" data-testid="desk" data-scene={scene(record)} data-version={record.version}>
      <header class="desk-head">
        <a class="head-back" href="/anchor?all">
          ← {t('rooms')}
        </a>
        <h1 data-testid="title">
          <bdi>{room.title || room.id}</bdi>
        </h1>
        <p class="desk-facts">
          <StatusSign scene={scene(record)} />
          <span class="facts-online" data-testid="online" data-online={model.online.value}>
            <People /> <span class="number">{count('online', model.online.value)}</span>
          </span>
          {scene(record) === 'live' && record.since && <span>{t('since', { time: when(record.since) })}</span>}
          {record.graceUntil && <span data-testid="grace">{t('grace', { time: when(record.graceUntil) })}</span>}
          <a href={`/rooms/${encodeURIComponent(room.id)}`} target="_blank" rel="noopener">
            {t('viewer_page')}
          </a>
        </p>
        <DriveBar desk={desk} />
        {desk.away.value && (
          <Callout kind="warn" testid="away">
            {t('away')}
          </Callout>
        )}
        {chat.presence.value.state === 'online' && !mine && (
          <Callout kind="warn" testid="not-anchor">
            {t('not_anchor', { anchor: room.anchor || '–' })}
          </Callout>
        )}
      </header>
      <div class="desk-show">
        <Stage model={model} api={api} />
        {desk.ingest.value?.publishing && <HealthCard desk={desk} />}
        <PushCard desk={desk} />
        {!desk.ingest.value?.publishing && <HealthCard desk={desk} />}
      </div>
      <div class="desk-chat">
        <ChatPanel chat={chat} room={interaction} />
      </div>
      <div class="desk-more">
        <Panel>
          <Tabs<View> label={t('more_title')} tabs={VIEWS.map((value) => ({ value, label: t(`tab_${value}` as AnchorKey) }))} value={view} onValue={setView} testid="tabs">
            <Shown view={view} desk={desk} />
          </Tabs>
        </Panel>
      </div>
    </div>
  );
}

function Shown({ view, desk }: { view: View; desk: Desk }): JSX.Element {
  switch (view) {
    case 'rules':
      return <ChatRules desk={desk} />;
    case 'draws':
      return <DrawsCard desk={desk} />;
    case 'gifts':
      return <GiftsCard desk={desk} />;
    case 'people':
      return <PeopleCard desk={desk} />;
    case 'recordings':
      return <RecordingsCard desk={desk} />;
    case 'sessions':
      return <SessionsCard desk={desk} />;
  }
}

function Absent({ state }: { state: string }): JSX.Element {
  if (state === 'missing') {
    return (
      <Empty title={t('room_missing')} action={<Button href="/anchor">{t('rooms')}</Button>} testid="room-missing">
        {t('room_missing_text')}
      </Empty>
    );
  }
  return (
    <div role="status">
      <Spinner /> {state === 'error' ? t('away') : t('loading')}
    </div>
  );
}
