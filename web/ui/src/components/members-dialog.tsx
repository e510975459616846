import type { GroupMember } from 'liveroom-sdk';
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { plural, t, type Key } from '../i18n/parts.ts';
import type { Interaction } from '../interact/interaction.ts';
import { Close } from './icons.tsx';
import { LevelBadge } from './level-badge.tsx';
import { MemberCard, type Who } from './member-card.tsx';
import { Face } from './ranking-dialog.tsx';
import '../styles/people.css';

/** Who is here, who came last first; each opens a card. */
export function MembersDialog({ room, onClose }: { room: Interaction; onClose(): void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [found, setFound] = useState<readonly GroupMember[] | Key | null>(null);
  const [about, setAbout] = useState<Who | null>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  useEffect(() => void room.members().then(setFound), [room]);
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby="members-title" onClose={(ev) => ev.target === ev.currentTarget && onClose()} onClick={(ev) => ev.target === ev.currentTarget && ev.currentTarget.close()} data-testid="members">
      <div class="sheet-inside">
        <header class="sheet-top">
          <h2 id="members-title">{t('members')}</h2>
          <button type="button" class="sheet-close" aria-label={t('close')} onClick={() => dialog.current?.close()}>
            <Close />
          </button>
        </header>
        {found === null && <p class="sheet-none">{t('loading')}</p>}
        {typeof found === 'string' && (
          <p class="sheet-none" role="alert">
            {t('chat_remark', { what: t(found) })}
          </p>
        )}
        {found !== null && typeof found !== 'string' && (
          <>
            <ul class="ranks">
              {found.map((m) => (
                <li key={m.userID}>
                  <button type="button" class="rank" aria-haspopup="dialog" onClick={() => setAbout({ user: m.userID, nick: m.nick || m.userID, avatar: m.avatar, level: m.level, badge: m.badge })} data-testid="member" data-user={m.userID}>
                    <Face nick={m.nick || m.userID} avatar={m.avatar} />
                    <span class="rank-who">
                      <bdi>{m.nick || m.userID}</bdi> <LevelBadge level={m.level} badge={m.badge} />
                    </span>
                    {m.role !== 'Member' && <span class="rank-value">{t(m.role === 'Owner' ? 'role_owner' : 'role_admin')}</span>}
                  </button>
                </li>
              ))}
            </ul>
            <p class="sheet-sum">{plural('members_sum', found.length)}</p>
          </>
        )}
      </div>
      {about && <MemberCard room={room} who={about} onClose={() => setAbout(null)} />}
    </dialog>
  );
}
