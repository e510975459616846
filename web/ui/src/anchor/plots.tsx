import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { t, type AnchorKey } from './texts.ts';
import { language, languageTag } from '../i18n/index.ts';
import { secondsOf } from '../lib/duration.ts';
import { theme } from '../lib/theme.ts';
import { columns, type Columns, type Sample } from './samples.ts';

type Line = Exclude<keyof Columns, 'at'>;

const LINES: readonly { line: Line; label: AnchorKey; unit: string; colour: string; bars?: boolean }[] = [
  { line: 'kbits', label: 'bitrate', unit: 'kbit/s', colour: '--curve' },
  { line: 'fps', label: 'fps', unit: 'fps', colour: '--soon' },
  { line: 'keyframe', label: 'keyframe', unit: 's', colour: '--draw' },
  { line: 'repaired', label: 'repaired', unit: '', colour: '--bad', bars: true },
];
const HEIGHT = 96;
const SHORT_S = 240; // less time than this is told apart by seconds

/** Four small plots over the same time; a pointer over one shows the moment in all of them. */
export function Plots({ samples }: { samples: readonly Sample[] }): JSX.Element {
  const data = columns(samples, secondsOf);
  return (
    <div class="plots" data-testid="plots" data-samples={samples.length}>
      {LINES.map((one) => (
        <Plot key={one.line} {...one} data={data} look={`${theme.value} ${language.value}`} />
      ))}
    </div>
  );
}

interface PlotProps {
  line: Line;
  label: AnchorKey;
  unit: string;
  colour: string;
  bars?: boolean;
  data: Columns;
  /** Changes when the plot must be drawn in other colours or words. */
  look: string;
}

function Plot({ line, label, unit, colour, bars, data, look }: PlotProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const values: uPlot.AlignedData = [data.at, data[line]];
  useLayoutEffect(() => {
    const el = place.current as HTMLDivElement;
    const style = getComputedStyle(el);
    const read = (name: string) => style.getPropertyValue(name).trim();
    const made = new uPlot(options({ width: el.clientWidth, ink: read('--ink-2'), grid: read('--line'), stroke: read(colour), font: style.fontFamily, bars: bars ?? false, unit }), values, el);
    plot.current = made;
    const sized = new ResizeObserver(() => el.clientWidth > 0 && el.clientWidth !== made.width && made.setSize({ width: el.clientWidth, height: HEIGHT }));
    sized.observe(el);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const repaint = () => made.redraw(false);
    scheme.addEventListener('change', repaint);
    return () => {
      scheme.removeEventListener('change', repaint);
      sized.disconnect();
      made.destroy();
    };
  }, [look]);
  useLayoutEffect(() => plot.current?.setData(values), [data]);
  const last = data[line].at(-1);
  const shown = last == null ? '–' : `${new Intl.NumberFormat(languageTag(), { maximumFractionDigits: 1 }).format(last)} ${unit}`;
  return (
    <figure class="plot">
      <figcaption>
        {t(label)} <b class="number">{shown}</b>
      </figcaption>
      <div ref={place} class="plot-canvas" aria-hidden="true" />
    </figure>
  );
}

interface Looks {
  width: number;
  ink: string;
  grid: string;
  stroke: string;
  font: string;
  bars: boolean;
  unit: string;
}

function options({ width, ink, grid, stroke, font, bars, unit }: Looks): uPlot.Options {
  const tag = languageTag();
  const number = new Intl.NumberFormat(tag, { notation: 'compact', maximumFractionDigits: 1 });
  const hour = new Intl.DateTimeFormat(tag, { hour: 'numeric', minute: '2-digit' });
  const second = new Intl.DateTimeFormat(tag, { hour: 'numeric', minute: '2-digit', second: '2-digit' });
  const axis = { stroke: ink, font: `11px ${font}`, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, sync: { key: 'ingest' }, drag: { x: false, y: false } },
    scales: { y: { range: (_, __, max) => [0, Math.max(unit === 's' ? 4 : 1, (max ?? 0) * 1.15)] } },
    series: [{}, { stroke, width: 1.5, fill: `color-mix(in srgb, ${stroke} 14%, transparent)`, points: { show: false }, spanGaps: false, ...(bars ? { paths: uPlot.paths.bars?.({ size: [0.8, 8] }) as uPlot.Series.PathBuilder } : {}) }],
    axes: [
      { ...axis, grid: { show: false }, size: 22, space: 90, values: (plot, at) => at.map((s) => ((plot.scales.x?.max ?? 0) - (plot.scales.x?.min ?? 0) < SHORT_S ? second : hour).format(s * 1000)) },
      { ...axis, size: 44, space: 28, values: (_, all) => all.map((v) => number.format(v)) },
    ],
  };
}
