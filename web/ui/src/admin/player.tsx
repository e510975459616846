import { effect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { data } from '../api/http.ts';
import { Spinner } from '../design/spinner.tsx';
import { detectSupport } from '../player/choose.ts';
import { PlayerController, type Phase } from '../player/controller.ts';
import { loadEngine } from '../player/engine.ts';
import { refusalOf } from '../player/refusal.ts';
import { useConsole } from './context.ts';
import { t } from './texts.ts';

/** What is live in a room, without sound, as long as it is drawn. Whatever is over it lets presses through. */
export function Playing({ room, live }: { room: string; live: boolean }): JSX.Element {
  const { http } = useConsole();
  const video = useRef<HTMLVideoElement>(null);
  const controller = useRef<PlayerController | null>(null);
  const [phase, setPhase] = useState<Phase>('connecting');
  useEffect(() => {
    const element = video.current as HTMLVideoElement;
    element.muted = true;
    const player = new PlayerController({
      video: element,
      fetchPlay: () => data(http.GET('/api/v1/rooms/{room}/play', { params: { path: { room } } })),
      session: () => Promise.resolve(''),
      support: detectSupport(),
      load: loadEngine,
      refusalOf,
      page: location,
    });
    controller.current = player;
    const stop = effect(() => setPhase(player.state.value.phase));
    return () => {
      stop();
      player.destroy();
    };
  }, [room]);
  useEffect(() => controller.current?.show({ kind: 'live', expecting: live }), [room, live]);
  return (
    <div class="inplace" data-phase={phase} data-testid="inplace">
      <video ref={video} muted playsInline autoplay disablePictureInPicture aria-label={t('playing_of', { room })} />
      {phase !== 'playing' && (
        <span class="inplace-wait" role="status">
          <Spinner /> <span class="hidden">{t('asking')}</span>
        </span>
      )}
    </div>
  );
}
