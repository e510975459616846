/** What moves over the picture. Positions are shares of the box: 0…1 from left and top. */
export interface Particle {
  kind: 'heart' | 'icon' | 'paper';
  x: number;
  y: number;
  vx: number; // shares a second
  vy: number;
  sway: number;
  phase: number;
  turn: number;
  spin: number;
  size: number; // pixels
  colour: number; // of the palette
  icon: string;
  age: number; // ms
  life: number; // ms
}

export const MOST_PARTICLES = 150;

/** A bounded heap of things that rise and fall. What does not fit is not shown. */
export class Particles {
  readonly all: Particle[] = [];
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  hearts(n: number): void {
    this.#add(Math.min(n, 8), () => ({
      kind: 'heart', x: 0.9 + this.#spread(0.05), y: 0.98, vx: this.#spread(0.02), vy: -0.3 - this.#random() * 0.12, sway: 0.025, size: 16 + this.#random() * 12, life: 2200,
    }));
  }

  icons(icon: string, n: number): void {
    this.#add(Math.min(n, 10), () => ({
      kind: 'icon', icon, x: 0.12 + this.#random() * 0.7, y: 1.02, vx: this.#spread(0.03), vy: -0.28 - this.#random() * 0.16, sway: 0.03, size: 24 + this.#random() * 14, life: 2800,
    }));
  }

  confetti(): void {
    this.#add(60, () => ({
      kind: 'paper', x: 0.5 + this.#spread(0.08), y: 0.45, vx: this.#spread(0.7), vy: -0.5 - this.#random() * 0.6, sway: 0.01, size: 6 + this.#random() * 6, life: 2600, spin: this.#spread(9),
    }));
  }

  step(ms: number): void {
    const s = ms / 1000;
    for (const p of this.all) {
      p.age += ms;
      p.x += p.vx * s;
      p.y += p.vy * s;
      p.turn += p.spin * s;
      if (p.kind === 'paper') {
        p.vy += 1.1 * s; // it falls
        p.vx *= 1 - 0.9 * s;
      }
    }
    let kept = 0;
    for (const p of this.all) if (p.age < p.life && p.y < 1.2) this.all[kept++] = p;
    this.all.length = kept;
  }

  #spread(width: number): number {
    return (this.#random() * 2 - 1) * width;
  }

  #add(n: number, make: () => Partial<Particle>): void {
    for (let i = 0; i < n && this.all.length < MOST_PARTICLES; i++) {
      this.all.push({
        kind: 'heart', x: 0, y: 0, vx: 0, vy: 0, sway: 0, phase: this.#random() * 6.28, turn: 0, spin: 0, size: 20, colour: Math.floor(this.#random() * 6), icon: '', age: -i * 40, life: 2000,
        ...make(),
      });
    }
  }
}
