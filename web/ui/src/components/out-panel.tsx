import type { JSX } from 'preact';
import type { RoomChat } from '../chat/room-chat.ts';
import { FOREVER, outKey, REMEDY, type Out } from '../chat/out.ts';
import { t, when } from '../i18n/parts.ts';
import { clockOf, useTick } from '../lib/tick.ts';

const COUNTED_SECONDS = 24 * 3600; // what takes longer is told as a date

/** Stands where one speaks, when this page is out of the chat: why, and what may be done about it. */
export function OutPanel({ chat, out }: { chat: RoomChat; out: Out }): JSX.Element {
  const left = out.until === 0 || out.until === FOREVER ? out.until : Math.max(0, out.until - chat.now());
  useTick(left > 0 && left !== FOREVER);
  const remedy = REMEDY[out.why];
  const mayReturn = remedy === 'back' || (remedy === 'wait' && out.until > 0 && left === 0);
  return (
    <div class="chat-out" data-testid="chat-out" data-why={out.why}>
      <p role="status">
        <b>{t(outKey(out.why))}</b>
        {out.detail && (
          <>
            {' '}
            <q>
              <bdi>{out.detail}</bdi>
            </q>
          </>
        )}{' '}
        {left === FOREVER && t('out_forever')}
        {left > COUNTED_SECONDS && left !== FOREVER && t('out_until', { time: when(out.until * 1000) })}
      </p>
      {left > 0 && left <= COUNTED_SECONDS && (
        <p class="number" role="timer">
          {t('out_left', { time: clockOf(left) })}
        </p>
      )}
      {mayReturn && (
        <button type="button" class="button" onClick={() => chat.comeBack()} data-testid="chat-back">
          {t('out_back')}
        </button>
      )}
      {remedy === 'reload' && (
        <button type="button" class="button" onClick={() => location.reload()}>
          {t('out_reload')}
        </button>
      )}
    </div>
  );
}
