import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { TestCard } from '../components/test-card.tsx';
import { webAddress } from '../lib/address.ts';
import { reachable } from '../player/choose.ts';
import { pictureAt } from './wall-model.ts';

export const EVERY = 5000; // ms a cover is kept by the server's own word

/** A number that grows each few seconds while somebody looks: all pictures of a page change together. */
export function useBeat(every = EVERY): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const beat = () => !document.hidden && setNow(Date.now());
    const timer = setInterval(beat, every);
    document.addEventListener('visibilitychange', beat);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', beat);
    };
  }, [every]);
  return now;
}

/** A room's newest picture. The next one takes its place once it is whole, so that nothing flickers; where there is none, the room's test card. */
export function Picture({ room, now, width = 320, fresh = true }: { room: { id: string; cover?: string }; now: number; width?: number; fresh?: boolean }): JSX.Element {
  const cover = webAddress(room.cover ?? '');
  const [shown, setShown] = useState('');
  const wanted = cover ? pictureAt(reachable(cover, location), width, EVERY, fresh ? now : 0) : '';
  useEffect(() => {
    if (wanted === '') return setShown('');
    const next = new Image();
    next.referrerPolicy = 'no-referrer';
    let gone = false;
    next.onload = () => !gone && setShown(wanted);
    next.src = wanted;
    return () => {
      gone = true;
      next.src = ''; // what is on its way is not waited for
    };
  }, [wanted]);
  return (
    <span class="picture" data-testid="picture" data-shown={shown !== ''}>
      <TestCard seed={room.id} />
      {shown !== '' && <img src={shown} alt="" referrerpolicy="no-referrer" />}
    </span>
  );
}
