import type { Draw } from 'liveroom-sdk';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { amount, plural, t } from '../i18n/parts.ts';
import { fits } from '../interact/fair.ts';
import type { Interaction } from '../interact/interaction.ts';
import { clockOf, useTick } from '../lib/tick.ts';
import { barrier } from './composer.tsx';
import { Close, Ticket, Tick } from './icons.tsx';
import { useNamed } from './name-gate.tsx';
import '../styles/draw.css';

const NAMED = 50;

/** A lucky draw: how to enter and how long, then who won; and how anybody can check that it was fair. */
export function DrawCard({ room }: { room: Interaction }): JSX.Element | null {
  const draw = room.draw.value;
  if (!draw) return null;
  const dismiss = (ev: { currentTarget: HTMLElement }) => {
    ev.currentTarget.closest('.chat')?.querySelector<HTMLElement>('[role=log]')?.focus(); // the button goes
    room.dismissDraw();
  };
  return (
    <section class={`draw draw-${draw.state}`} aria-labelledby="draw-title" data-testid="draw" data-state={draw.state} data-draw={draw.id}>
      <h3 id="draw-title">
        <Ticket /> <bdi>{draw.title || t('draw')}</bdi>
      </h3>
      {draw.state !== 'open' && (
        <button type="button" class="draw-close" aria-label={t('close')} onClick={dismiss} data-testid="draw-close">
          <Close />
        </button>
      )}
      {draw.prize && (
        <p>
          <bdi>{t('draw_prize', { prize: draw.prize })}</bdi>
        </p>
      )}
      {draw.state === 'open' && <Open room={room} draw={draw} />}
      {draw.state === 'ended' && <Ended room={room} draw={draw} />}
      {draw.state === 'cancelled' && <p>{t('draw_cancelled')}</p>}
      {draw.commitment && <Fair draw={draw} />}
    </section>
  );
}

function Open({ room, draw }: { room: Interaction; draw: Draw }): JSX.Element {
  const { chat } = room;
  const [entered, setEntered] = useState('');
  const [named, nameDialog] = useNamed(chat);
  useTick(true);
  const ends = Date.parse(draw.endsAt);
  const left = ends / 1000 - chat.now();
  const over = left <= 0;
  useEffect(() => {
    return over ? room.awaitEnd() : undefined;
  }, [over, room]);
  const { keyword, messageType } = draw.trigger;
  const closed = over || entered === draw.id || barrier(chat) !== null || chat.wait() > 0;
  const enter = () =>
    !closed &&
    named(() => {
      setEntered(draw.id);
      void chat.say(keyword).then((sent) => sent || setEntered(''));
    });
  return (
    <>
      <p class="draw-line">
        <span class="draw-time number" role="timer" aria-live="off">
          {over ? t('draw_drawing') : clockOf(left)}
        </span>
        <span>{plural('draw_places', draw.places)}</span>
      </p>
      <Conditions draw={draw} />
      {keyword ? (
        <button type="button" class="button draw-enter" aria-disabled={closed} onClick={enter} data-testid="draw-enter">
          {entered === draw.id ? <Tick /> : null}
          <bdi>{t(entered === draw.id ? 'draw_entered' : 'draw_enter', { keyword })}</bdi>
        </button>
      ) : (
        <p>{t('draw_by_page', { type: messageType })}</p>
      )}
      {nameDialog}
    </>
  );
}

function Conditions({ draw }: { draw: Draw }): JSX.Element | null {
  const { minLevel, follower, giftValue, notWonBefore } = draw.eligibility;
  const all = [
    minLevel > 0 && t('draw_if_level', { n: minLevel }),
    follower && t('draw_if_follower'),
    giftValue > 0 && t('draw_if_gift', { n: amount(giftValue) }),
    notWonBefore && t('draw_if_new'),
  ].filter((words): words is string => words !== false);
  return all.length === 0 ? null : <p class="draw-if">{t('draw_if', { all: all.join(' · ') })}</p>;
}

function Ended({ room, draw }: { room: Interaction; draw: Draw }): JSX.Element {
  const all = draw.winners.slice(0, NAMED).map((winner) => winner.nick || winner.userID);
  const more = draw.drawn - all.length;
  return (
    <>
      {room.won(draw) && (
        <p class="draw-won" data-testid="draw-won">
          {t('draw_won')}
        </p>
      )}
      <p data-testid="draw-winners">{all.length === 0 ? t('draw_nobody') : plural('draw_winners', draw.drawn, { names: more > 0 ? `${list(all)}, ${plural('others', more)}` : list(all) })}</p>
      {draw.entries > 0 && <p class="draw-if">{plural('draw_entries', draw.entries)}</p>}
    </>
  );
}

const list = (all: readonly string[]): string => all.join(', ');

/** How to check it, in words and figures. */
function Fair({ draw }: { draw: Draw }): JSX.Element {
  const [proven, setProven] = useState<boolean | null>(null);
  useEffect(() => {
    setProven(null);
    if (draw.seed) void fits(draw.seed, draw.commitment).then(setProven);
  }, [draw.seed, draw.commitment]);
  const told = draw.seed ? ` --commitment ${draw.commitment} --rules-hash ${draw.rulesHash} --entries-hash ${draw.entriesHash}` : '';
  return (
    <details class="draw-fair" data-testid="draw-fair">
      <summary>{t('draw_fair')}</summary>
      <p>{t('draw_fair_text')}</p>
      <dl>
        <dt>{t('draw_commitment')}</dt>
        <dd>
          <code data-testid="draw-commitment">{draw.commitment}</code>
        </dd>
        <dt>{t('draw_rules_hash')}</dt>
        <dd>
          <code data-testid="draw-rules-hash">{draw.rulesHash}</code>
        </dd>
        {draw.seed && (
          <>
            <dt>{t('draw_seed')}</dt>
            <dd>
              <code>{draw.seed}</code>
              {proven !== null && (
                <span class={proven ? 'draw-fits' : 'draw-fits-not'} data-testid="draw-fits" data-fits={proven}>
                  {t(proven ? 'draw_fits' : 'draw_fits_not')}
                </span>
              )}
            </dd>
            <dt>{t('draw_entries_hash')}</dt>
            <dd>
              <code>{draw.entriesHash}</code>
            </dd>
          </>
        )}
      </dl>
      <p>
        {t('draw_verify')} <code data-testid="draw-verify">{`liveroom draw verify FILE${told}`}</code>
      </p>
    </details>
  );
}
