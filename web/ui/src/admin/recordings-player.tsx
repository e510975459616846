import type { JSX, RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Play } from '../components/icons.tsx';
import { data } from '../api/http.ts';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import { errorWords } from '../design/errors.ts';
import { detectSupport, hlsCandidate, reachable } from '../player/choose.ts';
import { loadEngine, type Attachment } from '../player/engine.ts';
import { useConsole } from './context.ts';
import { t } from './server-texts.ts';

/** A recording, played in place by an address that is signed for it. */
export function RecordingPlayer({ id, video }: { id: string; video: RefObject<HTMLVideoElement | null> }): JSX.Element {
  const { http } = useConsole();
  const [turn, setTurn] = useState(0);
  const [error, setError] = useState('');
  useEffect(() => {
    if (turn === 0) return;
    const abort = new AbortController();
    let attached: Attachment | null = null;
    setError('');
    const begin = async () => {
      const { hls } = await data(http.POST('/api/v1/recordings/{recording}/sign', { params: { path: { recording: id } }, body: { expiresIn: '12h' }, signal: abort.signal }));
      const candidate = hlsCandidate(reachable(hls, location), detectSupport());
      if (!candidate) throw new Error(t('play_never'));
      const attach = await loadEngine(candidate.engine);
      const element = video.current;
      if (abort.signal.aborted || !element) return;
      attached = attach({ video: element, url: candidate.url, live: false, onEvent: (event, detail) => event === 'failed' && setError(t('play_failed', { detail })) });
      await element.play().catch(() => {}); // then its own button is pressed
    };
    begin().catch((err: unknown) => !abort.signal.aborted && setError(errorWords(err)));
    return () => {
      abort.abort();
      attached?.detach();
    };
  }, [id, turn]);
  return (
    <div class="stack">
      <div class="watch">
        <div class="inplace recorded" data-phase={turn > 0 ? 'playing' : 'idle'}>
          <video ref={video} controls playsInline aria-label={t('play_label')} data-testid="recording-video" />
        </div>
        {turn === 0 && (
          <button type="button" class="watch-play" onClick={() => setTurn(1)} data-testid="recording-play">
            <Play /> {t('play')}
          </button>
        )}
      </div>
      {error && (
        <Callout kind="bad" action={<Button small onClick={() => setTurn(turn + 1)}>{t('again')}</Button>}>
          {error}
        </Callout>
      )}
    </div>
  );
}
