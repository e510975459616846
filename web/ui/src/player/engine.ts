import type { Candidate, EngineKind } from './choose.ts';

export type EngineEvent =
  | 'ended' // the server closed the stream, or a recording is over
  | 'failed'; // nothing more will come by itself

/** A running attachment of a stream to a video element. Detaching is final. */
export interface Attachment {
  detach(): void;
  /** What the engine knows of its stream just now. */
  figures?(): EngineFigures;
}

export interface EngineFigures {
  /** Of what comes in; null where that is not known. */
  bitsPerSecond: number | null;
  /** Seconds between the newest there is and what is shown; null where only the buffer tells. */
  behind: number | null;
}

export interface AttachOptions {
  video: HTMLVideoElement;
  url: string;
  live: boolean;
  /** Where a recording begins, in seconds; absent: where it says itself. */
  start?: number;
  onEvent(event: EngineEvent, detail: string): void;
  /** Told where the media playlist is, where that is known. */
  onPlaylist?(address: string): void;
}

export type Attach = (options: AttachOptions) => Attachment;

/** Loads an engine on first use: nobody downloads hls.js to watch FLV. */
export async function loadEngine(kind: EngineKind): Promise<Attach> {
  switch (kind) {
    case 'flv':
      return (await import('./flv.ts')).attachFlv;
    case 'hls':
      return (await import('./hls.ts')).attachHls;
    case 'native':
      return (await import('./native.ts')).attachNative;
  }
}

export type LoadEngine = (kind: Candidate['engine']) => Promise<Attach>;
