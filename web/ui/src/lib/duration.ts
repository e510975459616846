const UNITS: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001, us: 1e-6, µs: 1e-6, ns: 1e-9 };

/** Seconds of a length of time as the server writes it ("1h2m3.5s"); 0 for what is none. */
export function secondsOf(length: string | undefined | null): number {
  if (!length || !/^(\d+(\.\d+)?(h|ms|m|s|us|µs|ns))+$/.test(length)) return 0;
  let sum = 0;
  for (const [, n, unit] of length.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)) sum += Number(n) * (UNITS[unit as string] as number);
  return sum;
}
