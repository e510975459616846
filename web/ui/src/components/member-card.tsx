import type { FollowState, Level } from 'liveroom-sdk';
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { compact, plural, t, type Key } from '../i18n/parts.ts';
import type { Interaction } from '../interact/interaction.ts';
import { Close } from './icons.tsx';
import { LevelBadge } from './level-badge.tsx';
import { useNamed } from './name-gate.tsx';
import { Face } from './ranking-dialog.tsx';
import '../styles/people.css';
import '../styles/dialogs.css';

/** Somebody in the room, as far as the page knows. */
export interface Who {
  user: string;
  nick: string;
  avatar: string;
  level: number;
  badge: string;
}

/** One person: how far they got here, who follows them, and following them. */
export function MemberCard({ room, who, onClose }: { room: Interaction; who: Who; onClose(): void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [level, setLevel] = useState<Level | null>(null);
  const [follow, setFollow] = useState<FollowState | null>(null);
  const [error, setError] = useState<Key | null>(null); // told here: what is beside the chat lies behind
  const [named, nameDialog] = useNamed(room.chat);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    void room.levelOf(who.user).then(setLevel);
    void room.followOf(who.user).then(setFollow);
  }, [room, who.user]);
  const turn = async (on: boolean) => {
    setError(null);
    const done = await room.setFollow(on, who.user);
    if (typeof done === 'string') setError(done);
    else setFollow(done);
  };
  const me = room.chat.me.value.user === who.user;
  const now = level ?? who;
  return (
    <dialog
      ref={dialog}
      class="card-dialog"
      aria-labelledby="member-nick"
      onClose={(ev) => {
        ev.stopPropagation();
        if (ev.target === ev.currentTarget) onClose();
      }}
      onClick={(ev) => ev.target === ev.currentTarget && ev.currentTarget.close()}
      data-testid="member-card"
      data-user={who.user}
    >
      <div class="card-inside">
        <button type="button" class="sheet-close" aria-label={t('close')} onClick={() => dialog.current?.close()}>
          <Close />
        </button>
        <Face nick={who.nick} avatar={who.avatar} />
        <h2 id="member-nick">
          <bdi>{who.nick}</bdi>
        </h2>
        <LevelBadge level={now.level} badge={now.badge} />
        {level && level.next > level.score && (
          <p class="card-progress">
            <progress max={level.next} value={level.score} aria-label={t('level_progress')} />
            <small class="number">{t('level_next', { n: level.next - level.score })}</small>
          </p>
        )}
        {follow && <p>{plural('followers', follow.followers, { many: compact(follow.followers) })}</p>}
        {follow && !me && (
          <button type="button" class={`button${follow.following ? ' button-quiet' : ''}`} aria-pressed={follow.following} onClick={() => named(() => void turn(!follow.following))} data-testid="member-follow">
            {t(follow.following ? 'following' : 'follow')}
          </button>
        )}
        <p class="form-error" role="alert" data-testid="member-error">
          {error && t('chat_remark', { what: t(error) })}
        </p>
      </div>
      {nameDialog}
    </dialog>
  );
}
