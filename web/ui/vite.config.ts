import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const page = (name: string) => fileURLToPath(new URL(name, import.meta.url));

// The pages, hashed assets, nothing inlined: the server's content security policy allows no inline script or style.
export default defineConfig({
  base: '/',
  appType: 'mpa',
  // The SDK from its source: its dist is made for older browsers than these pages are, and larger by that.
  resolve: { alias: { 'liveroom-sdk': page('../sdk/src/index.ts') } },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: false, // dist/stub.html is committed; scripts/clean.mjs removes the rest
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700, // hls.js, loaded only where it is needed
    rolldownOptions: {
      input: Object.fromEntries(['index', 'room', 'embed', 'anchor', 'admin', 'ui'].map((name) => [name, page(`${name}.html`)])),
      // Few files: what all pages need, and what the pages of rooms need of the beginning. Many small ones pack worse.
      output: {
        codeSplitting: {
          groups: [
            { name: 'base', test: /node_modules\/(@preact|preact|openapi-fetch)\/|sdk\/src\/(told|wire|status)\.|ui\/src\/(api|i18n\/(core|index)|lib\/(storage|theme|page|lazy|tick|hash|backoff|duration|address)|chat\/identity|status\/(record|newest)|components\/(icons|settings|header|status-sign|test-card|cover|countdown))/, minShareCount: 2 },
            { name: 'viewer', test: /sdk\/src\/(?!told|wire|status)|ui\/src\/(components\/(gift-icon|level-badge)|chat\/(?!replay|past|identity|calling)|interact\/(?!particles|fair)|lib\/(danmaku|keys|motion))/ },
            { name: 'player', test: /ui\/src\/(player\/(start|controller|engine|figures|latency|recording|refusal)|components\/controls|lib\/(awake|video))\b/ },
          ],
        },
      },
    },
  },
});
