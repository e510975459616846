import { signal } from '@preact/signals';
import type { Plays } from '../api/types.ts';
import { Backoff } from '../lib/backoff.ts';
import { delayed, hlsCandidate, liveCandidates, playbackCandidate, reachable, withSession, type Candidate, type EngineKind, type Support } from './choose.ts';
import type { Attachment, EngineEvent, LoadEngine } from './engine.ts';
import { measure, type Figures } from './figures.ts';
import { isFull } from './refusal.ts';
import { chase, flvPolicy, widened } from './latency.ts';
import { chatBeside, recordingOf, shiftableOf, type Recording, type Shiftable } from './recording.ts';

/** What the player is asked to show. */
export type Source =
  | { kind: 'none' }
  /** `expecting`: frames should be arriving. While the anchor is away they don't, and that is no fault to repair. */
  | { kind: 'live'; expecting: boolean }
  | { kind: 'playback'; url: string };

export type Phase =
  | 'idle' // nothing to show
  | 'connecting'
  | 'playing' // pictures move, or would if the anchor sent any
  | 'retrying' // lost, trying again
  | 'full' // refused: as many watch as may; trying again, with longer waits
  | 'blocked' // the browser wants a press first
  | 'unsupported' // this browser has no way to play it
  | 'failed' // a recording that can't be played
  | 'over'; // a recording has come to its end

export interface PlayerState {
  phase: Phase;
  engine: EngineKind | null;
}

export interface ControllerOptions {
  video: HTMLVideoElement;
  fetchPlay(): Promise<Plays>;
  /** The chat session to name in play addresses; waits a moment for it, then gives ''. */
  session(): Promise<string>;
  support: Support;
  load: LoadEngine;
  /** Why a play address is refused: the code, or ''. */
  refusalOf(url: string): Promise<string>;
  page: { protocol: string; hostname: string; port: string; origin: string; href: string };
  /** Seconds of the first recording that is played, where it begins; 0: where the room says. */
  start?: number;
  random?: () => number;
}

const TICK_MS = 500;
const FIRST_FRAME_MS = 10_000; // from attaching to the first movement
const STALL_MS = 6000; // without movement while frames should come
const RESUME_MS = 3000; // from "live again" to movement on a connection kept open
const RESUME_HLS_MS = 10_000; // the same where a segment must be whole and be found before: GOP and reload take their time
const STEADY_MS = 60_000; // without a stall: the latency may shrink again
const LOOK_MS = [20_000, 60_000]; // after attaching: whether one may go back by now. A recording begins later than its live.
const TRIES = 5; // to go on with what was lost of a recording, or of an earlier time

/**
 * Keeps a stream playing in one video element: attaches, follows the live edge, and after any kind of loss attaches
 * again with fresh addresses. An interruption at the anchor's side is only waited out: the server keeps the connection.
 */
export class PlayerController {
  readonly state = signal<PlayerState>({ phase: 'idle', engine: null });
  /** The recording of ours that is played back; null: none, or one from elsewhere. */
  readonly recording = signal<Recording | null>(null);
  /** Where the chat of the recording's play session is read; '': not known. */
  readonly chat = signal('');
  /** How far back one may go in what is live; null: not at all. */
  readonly shiftable = signal<Shiftable | null>(null);
  /** How many seconds behind the others one watches what is live; 0: with them. */
  readonly behind = signal(0);

  readonly #options: ControllerOptions;
  readonly #backoff: Backoff;
  readonly #patience: Backoff; // while there is no place
  #source: Source = { kind: 'none' };
  #attachment: Attachment | null = null;
  #address = ''; // of the stream as FLV: who is refused one way is refused all ways
  #attempt = 0; // of attach; what an older one still brings is ignored
  #barren = 0; // attachments in a row without a frame
  #retry: ReturnType<typeof setTimeout> | null = null;
  #ticker: ReturnType<typeof setInterval> | null = null;
  #position = 0;
  #bufferEnd = 0;
  #moved = false; // since attaching
  #deadline = 0; // when a stream without movement counts as lost
  #resuming = false; // the anchor is back, nothing of it was seen yet
  #stalls = 0;
  #waits = 0; // stalls since this source is shown
  #lastStall = 0;
  #resumeAt = 0; // seconds of a recording, where it goes on after it was lost
  #startAt: number; // seconds, where the first recording begins
  #reconnections = 0; // since this source is shown
  #delay = 0; // seconds by which all see what is live later
  #looks: ReturnType<typeof setTimeout>[] = [];

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#startAt = options.start ?? 0;
    const random = options.random ? { random: options.random } : {};
    this.#backoff = new Backoff({ baseMs: 500, capMs: 8000, ...random });
    this.#patience = new Backoff({ baseMs: 4000, capMs: 30_000, ...random });
    options.video.addEventListener('waiting', this.#onWaiting);
    options.video.addEventListener('playing', this.#onPlaying);
  }

  /** Changes what is shown; the same source again changes nothing. */
  show(next: Source): void {
    const previous = this.#source;
    this.#source = next;
    if (next.kind === 'none') return this.#clear();
    if (next.kind === 'playback') {
      if (previous.kind === 'playback' && previous.url === next.url) return;
      if (previous.kind === 'playback') this.#startAt = 0;
      this.#forgetTimes();
      this.#barren = 0;
      this.#backoff.reset();
      return void this.#attach();
    }
    if (previous.kind !== 'live') {
      this.#forgetTimes();
      this.#barren = 0;
      this.#backoff.reset();
      return void this.#attach();
    }
    if (next.expecting && !previous.expecting) this.#expect();
  }

  /** The person asks: once more, now. Being a press, it may also start what the browser had blocked. */
  retry(): void {
    if (this.state.value.phase === 'blocked') return void this.#play();
    if (this.#source.kind === 'none') return;
    this.#backoff.reset();
    void this.#attach();
  }

  /** Watches what is live as it was so many seconds ago; 0: as it is. `delay` is by how much everybody sees it later. */
  shift(seconds: number, delay = 0): void {
    if (this.#source.kind !== 'live' || (seconds > 0 && !this.shiftable.value) || seconds === this.behind.value) return;
    this.behind.value = seconds;
    this.#delay = delay;
    this.#barren = 0;
    this.#backoff.reset();
    void this.#attach();
  }

  /** Where a recording is now: at its end only where it is not to begin again. */
  seek(seconds: number): void {
    const { video } = this.#options;
    if (this.#source.kind !== 'playback') return;
    video.currentTime = seconds;
    if (this.state.value.phase === 'over') void this.#play();
  }

  figures(): Figures {
    return measure(this.#options.video, {
      engine: this.state.peek().engine, stalls: this.#waits, reconnections: this.#reconnections,
      live: this.#source.kind === 'live' && this.#attachment !== null, shifted: this.behind.peek(), from: this.#attachment?.figures?.(),
    });
  }

  destroy(): void {
    this.#source = { kind: 'none' };
    this.#clear();
    this.#options.video.removeEventListener('waiting', this.#onWaiting);
    this.#options.video.removeEventListener('playing', this.#onPlaying);
  }

  /** The anchor is back: the open connection brings frames soon, or is replaced. Without one, don't sit out the wait. */
  #expect(): void {
    this.#backoff.reset();
    this.#resuming = true;
    this.#stalls = 0;
    if (this.#attachment) this.#deadline = Date.now() + (this.state.value.engine === 'flv' ? RESUME_MS : RESUME_HLS_MS);
    else if (this.#retry !== null) void this.#attach();
  }

  async #attach(): Promise<void> {
    const attempt = ++this.#attempt;
    this.#detach();
    const { video } = this.#options;
    this.#search(this.#moved);
    const stale = () => attempt !== this.#attempt;
    try {
      const candidate = await this.#candidate();
      if (stale()) return;
      if (!candidate) return this.#set(this.#source.kind === 'playback' ? 'failed' : 'unsupported', null);
      const attach = await this.#options.load(candidate.engine);
      if (stale()) return;
      this.#moved = false;
      this.#position = this.#bufferEnd = 0;
      this.#resuming = false;
      this.#deadline = Date.now() + FIRST_FRAME_MS;
      video.playbackRate = 1;
      const live = this.#source.kind === 'live';
      const start = (this.#position = live ? 0 : this.#resumeAt || this.#beginning());
      this.#attachment = attach({
        video, url: candidate.url, live, ...(start > 0 ? { start } : {}),
        onEvent: (event) => !stale() && this.#engineEvent(event),
        onPlaylist: (address) => void (!stale() && this.recording.value && (this.chat.value = chatBeside(address))),
      });
      this.#set(this.state.value.phase, candidate.engine);
      this.#ticker = setInterval(() => this.#tick(), TICK_MS);
      void this.#play();
    } catch {
      if (!stale()) this.#lost();
    }
  }

  async #candidate(): Promise<Candidate | null> {
    const { support, page } = this.#options;
    if (this.#source.kind === 'playback') return this.#recorded(this.#source.url);
    const [plays, session] = await Promise.all([this.#options.fetchPlay(), this.#options.session()]);
    this.#mayShift(plays);
    const { play } = plays;
    const shift = this.shiftable.value;
    if (this.behind.value > 0 && shift && this.#barren < TRIES) {
      this.#address = '';
      const earlier = hlsCandidate(reachable(delayed(shift.hls, this.behind.value + this.#delay), page), support);
      if (earlier) return { ...earlier, url: withSession(earlier.url, session) };
    }
    if (this.behind.value > 0) this.#barren = this.behind.value = 0; // what was there is gone: with the others then
    this.#address = play.flv ? reachable(play.flv, page) : '';
    const candidates = liveCandidates(play, support);
    // Two fruitless attempts with one way, then the next.
    const chosen = candidates[Math.floor(this.#barren / 2) % Math.max(candidates.length, 1)];
    return chosen ? { ...chosen, url: withSession(reachable(chosen.url, page), session) } : null;
  }

  /** A recording of ours needs a signed address; what else a room plays back is where its status says. */
  async #recorded(url: string): Promise<Candidate | null> {
    const { support, page } = this.#options;
    const unknown = (err: unknown) => {
      if (this.recording.value) throw err; // it is known to be ours, and the address of the status has no signature
      return null;
    };
    const [plays, session] = await Promise.all([this.#options.fetchPlay().catch(unknown), this.#options.session()]);
    const ours = plays?.playback;
    if (!ours?.hls) {
      this.recording.value = null;
      return playbackCandidate(url, page.href, support);
    }
    const mp4 = ours.mp4 ? reachable(ours.mp4, page) : '';
    this.recording.value = recordingOf({ ...ours, mp4 });
    const candidate = hlsCandidate(reachable(ours.hls, page), support);
    return candidate && { ...candidate, url: withSession(candidate.url, session) };
  }

  /** Where a recording begins: past the end of one is nowhere. */
  #beginning(): number {
    const { startAt = 0, duration = 0 } = this.recording.value ?? {};
    return this.#startAt > 0 && (duration === 0 || this.#startAt < duration) ? this.#startAt : startAt;
  }

  /** Takes how far back one may go, and looks again where that can't be said yet. */
  #mayShift(plays: Plays): void {
    this.shiftable.value = shiftableOf(plays.timeShift);
    this.#stopLooking();
    if (this.shiftable.value) return;
    this.#looks = LOOK_MS.map((wait) =>
      setTimeout(() => {
        if (this.#source.kind !== 'live' || this.shiftable.value) return;
        this.#options.fetchPlay().then((later) => {
          if (this.#source.kind === 'live') this.shiftable.value ??= shiftableOf(later.timeShift);
        }, () => {});
      }, wait),
    );
  }

  #stopLooking(): void {
    for (const timer of this.#looks) clearTimeout(timer);
    this.#looks = [];
  }

  #forgetTimes(): void {
    this.#stopLooking();
    this.#reconnections = this.#waits = 0;
    this.#resumeAt = 0;
    this.behind.value = 0;
    this.shiftable.value = null;
    this.recording.value = null;
    this.chat.value = '';
  }

  async #play(): Promise<void> {
    const attempt = this.#attempt;
    try {
      await this.#options.video.play();
      if (attempt === this.#attempt && this.state.value.phase === 'blocked') this.#set('connecting');
    } catch (err) {
      if (attempt === this.#attempt && (err as DOMException | undefined)?.name === 'NotAllowedError') this.#set('blocked');
    }
  }

  #engineEvent(event: EngineEvent): void {
    if (this.#source.kind !== 'playback') return this.#lost();
    if (event === 'ended' && this.recording.value?.loop) {
      this.#options.video.currentTime = 0;
      return void this.#play();
    }
    if (event === 'ended') return this.#set('over');
    this.#lost();
  }

  /** The connection is gone or gives nothing: again, a little later each time. */
  #lost(): void {
    this.#attempt++;
    if (this.#moved) this.#reconnections++;
    const { currentTime } = this.#options.video;
    this.#detach();
    if (this.#moved) this.#barren = 0;
    else if (this.#expecting() || this.behind.value > 0) this.#barren++;
    if (this.#source.kind === 'playback') return this.#goOn(currentTime);
    this.#search(this.#expecting());
    if (this.#moved || !this.#address || !this.#expecting()) return this.#again(this.#backoff);
    const attempt = this.#attempt;
    void this.#options.refusalOf(this.#address).then((code) => attempt === this.#attempt && this.#refused(code));
  }

  /** Why the last attempt got nothing: no place is worth a sentence and a longer wait, and no other way would do better. */
  #refused(code: string): void {
    if (!isFull(code)) {
      if (this.state.value.phase === 'full') this.#set('connecting', null);
      return this.#again(this.#backoff);
    }
    this.#barren = 0;
    this.#set('full', null);
    this.#again(this.#patience);
  }

  /** A recording of ours whose address is good no more goes on where it was. */
  #goOn(at: number): void {
    if (this.#moved) this.#resumeAt = at;
    else this.#barren++;
    if (!this.recording.value || this.#barren >= TRIES) return this.#set('failed', null);
    this.#search(true);
    this.#again(this.#backoff);
  }

  #again(wait: Backoff): void {
    this.#retry = setTimeout(() => void this.#attach(), wait.next());
  }

  /** Between attempts: who waits for a place goes on reading so. */
  #search(lost: boolean): void {
    if (this.state.value.phase !== 'full') this.#set(lost ? 'retrying' : 'connecting', null);
  }

  #tick(): void {
    const { video } = this.#options;
    const { buffered } = video;
    const last = buffered.length - 1;
    const end = last < 0 ? 0 : buffered.end(last);
    const moving = video.currentTime > this.#position + 0.01;
    // A hidden page may stand still while media arrives; that is no loss.
    const grown = end > this.#bufferEnd + 0.01;
    const arriving = grown && (document.visibilityState === 'hidden' || video.paused || video.seeking);
    if (moving || arriving) {
      if (!this.#moved) this.#barren = 0;
      this.#moved = true;
      this.#deadline = Date.now() + STALL_MS;
      if (this.state.value.phase !== 'blocked' && this.state.value.phase !== 'over') this.#set('playing'); // these end with #onPlaying
      if (Date.now() - this.#lastStall > STEADY_MS) this.#stalls = 0;
      this.#backoff.reset();
      this.#patience.reset();
    }
    this.#position = video.currentTime;
    this.#bufferEnd = end;
    if (this.#source.kind !== 'live') return;
    if (this.state.value.engine === 'flv' && last >= 0 && !video.paused) this.#chase(buffered.start(last), end, this.#resuming && grown);
    if (grown) this.#resuming = false;
    if (this.#expecting() && this.state.value.phase !== 'blocked' && !video.paused && Date.now() > this.#deadline) this.#lost();
  }

  /** `resumed`: what lies between here and the edge is the interruption; nobody wants to watch that. */
  #chase(start: number, end: number, resumed: boolean): void {
    const { video } = this.#options;
    if (video.seeking) return;
    const policy = widened(flvPolicy, this.#stalls);
    const move = chase(video.currentTime, start, end, video.playbackRate, resumed ? { ...policy, jump: policy.target + policy.slack } : policy);
    if (move.seekTo !== null) {
      video.currentTime = move.seekTo;
      this.#position = move.seekTo;
    }
    if (video.playbackRate !== move.rate) video.playbackRate = move.rate;
  }

  #expecting(): boolean {
    return this.#source.kind === 'live' && this.#source.expecting;
  }

  #onWaiting = (): void => {
    if (!this.#moved || !this.#expecting() || this.#options.video.seeking) return;
    this.#stalls++;
    this.#waits++;
    this.#lastStall = Date.now();
  };

  #onPlaying = (): void => {
    if (this.state.value.phase === 'blocked' || this.state.value.phase === 'over') this.#set('playing');
  };

  #clear(): void {
    this.#attempt++;
    this.#detach();
    this.#forgetTimes();
    this.#moved = false;
    this.#set('idle', null);
  }

  #detach(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    if (this.#ticker !== null) clearInterval(this.#ticker);
    this.#retry = this.#ticker = null;
    this.#attachment?.detach();
    this.#attachment = null;
  }

  #set(phase: Phase, engine: EngineKind | null = this.state.value.engine): void {
    const now = this.state.value;
    if (now.phase !== phase || now.engine !== engine) this.state.value = { phase, engine };
  }
}
