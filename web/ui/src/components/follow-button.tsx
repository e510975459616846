import type { JSX } from 'preact';
import { compact, plural, t } from '../i18n/index.ts';
import type { Interaction } from '../interact/interaction.ts';
import { Plus, Tick } from './icons.tsx';
import { useNamed } from './name-gate.tsx';

/** Following the anchor, and how many do. */
export function FollowButton({ room }: { room: Interaction }): JSX.Element | null {
  const [named, nameDialog] = useNamed(room.chat);
  const follow = room.follow.value;
  if (!follow) return null;
  const { following, followers } = follow;
  return (
    <span class="follow">
      <button type="button" class={`follow-button${following ? ' follow-on' : ''}`} aria-pressed={following} onClick={() => named(() => void room.followAnchor(!following))} data-testid="follow" data-following={following}>
        {following ? <Tick /> : <Plus />} {t(following ? 'following' : 'follow')}
      </button>
      <span class="number" data-testid="followers" data-followers={followers}>
        {plural('followers', followers, { many: compact(followers) })}
      </span>
      {nameDialog}
    </span>
  );
}
