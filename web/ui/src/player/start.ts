import type { Plays } from '../api/types.ts';

export { Controls } from '../components/controls.tsx';
import { detectSupport } from './choose.ts';
import { PlayerController } from './controller.ts';
import { loadEngine } from './engine.ts';
import { refusalOf } from './refusal.ts';

/** A player for an element of this page. */
export const startPlayer = (video: HTMLVideoElement, fetchPlay: () => Promise<Plays>, session: () => Promise<string>, start = 0): PlayerController =>
  new PlayerController({ video, fetchPlay, session, support: detectSupport(), load: loadEngine, refusalOf, page: location, start });
