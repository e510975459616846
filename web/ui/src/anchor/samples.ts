/** What is known of a push at one moment. */
export interface Sample {
  /** RFC 3339. */
  at: string;
  bitsPerSecond: number;
  framesPerSecond: number;
  /** As a length of time, "2s". */
  keyframeInterval: string;
  /** Timestamps repaired since the sample before. */
  repaired: number;
}

/** Columns of a plot: unix seconds, and the values of each line; null where nobody pushed. */
export interface Columns {
  at: number[];
  kbits: (number | null)[];
  fps: (number | null)[];
  keyframe: (number | null)[];
  repaired: (number | null)[];
}

const KEPT_MS = 15 * 60_000;
const GAP_MS = 12_000; // two samples that are farther apart than this have a gap between them

/** The samples known, in order and each once, with those that came; what is older than fifteen minutes goes. */
export function merged(known: readonly Sample[], came: readonly Sample[]): Sample[] {
  const all = new Map(known.map((sample) => [sample.at, sample]));
  for (const sample of came) all.set(sample.at, sample);
  const sorted = [...all.values()].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const newest = Date.parse(sorted.at(-1)?.at ?? '');
  return sorted.filter((sample) => newest - Date.parse(sample.at) <= KEPT_MS);
}

/** Seconds of a length of time such as 1500ms or 2s. */
export function columns(samples: readonly Sample[], seconds: (length: string) => number): Columns {
  const out: Columns = { at: [], kbits: [], fps: [], keyframe: [], repaired: [] };
  let before = Number.NaN;
  for (const sample of samples) {
    const at = Date.parse(sample.at);
    if (at - before > GAP_MS) push(out, before / 1000 + 1, null, null, null, null);
    push(out, at / 1000, sample.bitsPerSecond / 1000, sample.framesPerSecond, seconds(sample.keyframeInterval), sample.repaired);
    before = at;
  }
  return out;
}

function push(out: Columns, at: number, kbits: number | null, fps: number | null, keyframe: number | null, repaired: number | null): void {
  out.at.push(at);
  out.kbits.push(kbits);
  out.fps.push(fps);
  out.keyframe.push(keyframe);
  out.repaired.push(repaired);
}
