import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { MessageRow } from '../chat/log.ts';
import { wordsOf } from '../chat/parts.ts';
import type { RoomChat } from '../chat/room-chat.ts';
import { t } from '../i18n/parts.ts';
import { FOREVER } from '../chat/out.ts';
import '../styles/dialogs.css';

/** What who keeps order may do about a message and its sender. */
export function ModerateDialog({ chat, row, onClose }: { chat: RoomChat; row: MessageRow; onClose(): void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const act = (name: string, say: string, run: () => Promise<void>, grave = false) => (
    <button
      type="button"
      class={grave ? 'moderate-grave' : undefined}
      data-testid={`moderate-${name}`}
      onClick={() => {
        dialog.current?.close();
        void run();
      }}
    >
      {say}
    </button>
  );
  return (
    <dialog ref={dialog} class="moderate" aria-labelledby="moderate-title" onClose={onClose} onClick={(ev) => ev.target === ev.currentTarget && ev.currentTarget.close()} data-testid="moderate">
      <div class="moderate-inside">
        <h2 id="moderate-title">
          <bdi>{row.nick}</bdi>
        </h2>
        <p class="moderate-said">{wordsOf(row.parts) || t('picture_of', { nick: row.nick })}</p>
        {act('recall', t('moderate_recall'), () => chat.recall(row))}
        {!row.own && (
          <>
            <div class="moderate-line" role="group" aria-label={t('moderate_mute')}>
              <span aria-hidden="true">{t('moderate_mute')}</span>
              {act('mute-600', t('moderate_10min'), () => chat.mute(row.from, 600))}
              {act('mute-3600', t('moderate_1h'), () => chat.mute(row.from, 3600))}
              {act('mute-forever', t('moderate_forever'), () => chat.mute(row.from, FOREVER))}
            </div>
            {act('unmute', t('moderate_unmute'), () => chat.mute(row.from, 0))}
            {act('kick', t('moderate_kick'), () => chat.kick(row.from))}
            {act('ban', t('moderate_ban'), () => chat.ban(row.from, FOREVER), true)}
          </>
        )}
        <button type="button" class="moderate-close" onClick={() => dialog.current?.close()}>
          {t('close')}
        </button>
      </div>
    </dialog>
  );
}
