import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';

const dist = fileURLToPath(new URL('../dist', import.meta.url));

/** What plays (with the engines' own runtime): fetched beside the page, and no part of its first view. */
const PLAYER = /\/assets\/(player(?!-panel)|flv|hls|native|rolldown-runtime)-/;

/** Writes down which of the pages' own files a page loads; returns what they weigh packed (gzip), and what the player does. */
export function weigh(page: Page, document: string): () => { bytes: number; player: number; files: string[] } {
  const paths = new Set<string>();
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith('/assets/')) paths.add(pathname);
  });
  const size = (path: string) => gzipSync(readFileSync(join(dist, path)), { level: 9 }).length;
  return () => {
    const own = [...paths].filter((path) => !PLAYER.test(path));
    const sum = (all: string[]) => all.reduce((bytes, path) => bytes + size(path), 0);
    return { bytes: size(document) + sum(own), player: sum([...paths].filter((path) => PLAYER.test(path))), files: own.map((path) => `${size(path)} ${path}`) };
  };
}
