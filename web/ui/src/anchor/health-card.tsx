import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Schemas } from '../api/http.ts';
import { Callout, type Tone } from '../design/callout.tsx';
import { Panel } from '../design/frame.tsx';
import { Stat, Stats } from '../design/stat.tsx';
import { t } from './texts.ts';
import { languageTag } from '../i18n/index.ts';
import { secondsOf } from '../lib/duration.ts';
import type { Desk } from './desk.ts';
import type { Plots } from './plots.tsx';
import { adviceWords } from './words.ts';

const TONES: Record<Schemas['AdviceBody']['severity'], Tone> = { problem: 'bad', warning: 'warn', info: 'note' };

/** How the push does: what to do about it first, then its figures, then how they went. */
export function HealthCard({ desk }: { desk: Desk }): JSX.Element {
  const ingest = desk.ingest.value;
  return (
    <Panel title={t('health')} testid="health">
      {ingest && (
        <div class="advice" role="status">
          {ingest.advice.map((advice) => (
            <Callout key={advice.code} kind={TONES[advice.severity]} testid={`advice-${advice.code}`}>
              {adviceWords(advice.code, advice.text)}
            </Callout>
          ))}
          {ingest.publishing && ingest.advice.length === 0 && (
            <Callout kind="good" testid="advice-none">
              {t('health_good')}
            </Callout>
          )}
        </div>
      )}
      {ingest?.publishing && <Figures ingest={ingest} />}
      {desk.samples.value.length > 1 && <Curves desk={desk} />}
    </Panel>
  );
}

function Figures({ ingest }: { ingest: Schemas['IngestBody'] }): JSX.Element {
  const { video, audio } = ingest;
  const number = (n: number, digits = 0) => new Intl.NumberFormat(languageTag(), { maximumFractionDigits: digits }).format(n);
  const interval = secondsOf(video.keyframeInterval);
  return (
    <Stats>
      <Stat label={t('bitrate')} value={number(ingest.bitsPerSecond / 1000)} unit="kbit/s" testid="stat-bitrate" />
      <Stat label={t('fps')} value={number(video.framesPerSecond, 1)} unit="fps" testid="stat-fps" />
      <Stat label={t('keyframe')} value={interval > 0 ? number(interval, 1) : null} unit="s" testid="stat-keyframe" />
      <Stat label={t('picture')} value={video.width > 0 ? `${video.width}×${video.height}` : null} hint={video.codec.toUpperCase()} />
      <Stat label={t('sound')} value={audio.sampleRate > 0 ? number(audio.sampleRate / 1000, 1) : null} unit="kHz" hint={audio.codec.toUpperCase()} />
      <Stat label={t('repaired')} value={number(ingest.timestamps.repaired)} hint={t('repaired_minute', { n: ingest.timestamps.lastMinute })} testid="stat-repaired" />
      <Stat label={t('pushes')} value={number(ingest.pushes)} hint={ingest.encoder || ingest.protocol.toUpperCase()} />
    </Stats>
  );
}

/** The plots come when there is something to plot. */
function Curves({ desk }: { desk: Desk }): JSX.Element | null {
  const [loaded, setLoaded] = useState<{ Plots: typeof Plots } | null>(null);
  useEffect(() => {
    let gone = false;
    void import('./plots.tsx').then(
      (module) => gone || setLoaded(module),
      () => {}, // the figures above say the same
    );
    return () => {
      gone = true;
    };
  }, []);
  return loaded && <loaded.Plots samples={desk.samples.value} />;
}
