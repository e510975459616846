import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { webAddress } from '../lib/address.ts';
import type { Interaction, Show } from '../interact/interaction.ts';
import { Particles, type Particle } from '../interact/particles.ts';

const COLOURS = ['--tc-0', '--tc-1', '--tc-2', '--tc-3', '--tc-4', '--tc-5'];
const HEART = 'M0 8.5S-9 3-9-3.2A4.7 4.7 0 0 1 0-5.5 4.7 4.7 0 0 1 9-3.2C9 3 0 8.5 0 8.5z';
const MOST_PICTURES = 30;

/** Hearts, icons and confetti over the picture, on one canvas that rests while nothing moves. Not there for who wants less movement. */
export function ShowLayer({ room, first }: { room: Interaction; first(show: Show): void }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => start(canvas.current as HTMLCanvasElement, room, first), [room]);
  return <canvas class="show" ref={canvas} aria-hidden="true" data-testid="show" />;
}

function start(canvas: HTMLCanvasElement, room: Interaction, first: (show: Show) => void): () => void {
  const draw = canvas.getContext('2d');
  if (!draw) return () => {};
  const particles = new Particles();
  const pictures = new Map<string, HTMLImageElement>();
  const style = getComputedStyle(document.documentElement);
  const colours = COLOURS.map((name) => style.getPropertyValue(name).trim() || '#f2b632');
  const heart = new Path2D(HEART);
  let frame = 0;
  let last = 0;
  let shown = 0;

  const size = () => {
    const ratio = Math.min(devicePixelRatio || 1, 2);
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    draw.setTransform(ratio, 0, 0, ratio, 0, 0);
  };
  const paint = (p: Particle) => {
    if (p.age < 0) return;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const left = 1 - p.age / p.life;
    draw.save();
    draw.globalAlpha = Math.min(1, left * 2.5) * Math.min(1, p.age / 120 + 0.2);
    draw.translate((p.x + Math.sin(p.phase + p.age / 450) * p.sway) * width, p.y * height);
    draw.rotate(p.turn);
    draw.fillStyle = colours[p.colour % colours.length] as string;
    if (p.kind === 'paper') draw.fillRect(-p.size / 2, -p.size / 4, p.size, p.size / 2);
    else if (p.kind === 'heart') {
      draw.scale(p.size / 18, p.size / 18);
      draw.fill(heart);
    } else icon(p);
    draw.restore();
  };
  const icon = (p: Particle) => {
    const picture = pictures.get(p.icon);
    if (picture?.naturalWidth) draw.drawImage(picture, -p.size / 2, -p.size / 2, p.size, p.size);
    else if (!picture && p.icon !== '' && p.icon.length <= 8) {
      draw.font = `${p.size}px system-ui, sans-serif`;
      draw.textAlign = 'center';
      draw.textBaseline = 'middle';
      draw.fillText(p.icon, 0, 0);
    } else {
      draw.scale(p.size / 18, p.size / 18);
      draw.fill(heart);
    }
  };
  const tick = (now: number) => {
    particles.step(Math.min(64, now - last));
    last = now;
    draw.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    particles.all.forEach(paint);
    frame = particles.all.length > 0 ? requestAnimationFrame(tick) : 0;
  };
  const wake = () => {
    canvas.dataset.shown = String(++shown);
    if (frame !== 0) return;
    last = performance.now();
    frame = requestAnimationFrame(tick);
  };
  /** A picture is fetched once; of very many different ones the first stay. */
  const fetched = (icon: string) => {
    const url = webAddress(icon);
    if (url === '' || pictures.has(icon) || pictures.size >= MOST_PICTURES) return;
    const picture = new Image();
    picture.referrerPolicy = 'no-referrer';
    picture.src = url;
    pictures.set(icon, picture);
  };

  size();
  const resizing = new ResizeObserver(size);
  resizing.observe(canvas);
  const show: Show = {
    hearts: (n) => (particles.hearts(n), wake()),
    icons: (icon, n) => (fetched(icon), particles.icons(icon, n), wake()),
    confetti: () => (particles.confetti(), wake()),
  };
  const unsubscribe = room.onShow(show);
  first(show);
  return () => {
    unsubscribe();
    resizing.disconnect();
    cancelAnimationFrame(frame);
  };
}
