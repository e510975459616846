import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../../src/styles', import.meta.url));
const design = ['button.css', 'field.css', 'choice.css', 'words.css', 'over.css', 'frame.css', 'table.css'];
const consoles = ['admin.css', 'anchor.css', 'obs.css', 'server.css', 'ui.css'];
const all = ['tokens.css', 'base.css'];

/** Classes that a rule of a file begins with. */
const classes = (name: string) => new Set([...readFileSync(`${folder}/${name}`, 'utf8').matchAll(/^\.([a-z][\w-]*)/gm)].map((m) => m[1] as string));

// The anchor's console holds the viewer's parts and the design system's: what both call alike would change each other, and
// only once a part of the viewer that is fetched later is there.
test('the viewer’s parts and the design system call nothing alike', () => {
  const theirs = new Set(design.flatMap((name) => [...classes(name)]));
  expect(theirs.size).toBeGreaterThan(50);
  const viewer = readdirSync(folder).filter((name) => name.endsWith('.css') && ![...design, ...consoles, ...all].includes(name));
  const both = viewer.flatMap((name) => [...classes(name)].filter((one) => theirs.has(one)).map((one) => `${name}: .${one}`));
  expect(both).toEqual([]);
});
