// Builds dist/: a module, a module for mini-programs, a script for pages without modules, and one file of declarations for each.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });

// Phones are old: iOS 14 and its like read ES2020; what mini-programs run on is older still.
for (const [entry, file, format, target] of [
  ['src/index.ts', 'liveroom.js', 'es', 'es2020'],
  ['src/mini.ts', 'liveroom.wx.js', 'es', 'es2018'],
  ['src/global.ts', 'liveroom.global.js', 'iife', 'es2020'],
]) {
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    build: {
      target,
      emptyOutDir: false,
      minify: true,
      lib: { entry: join(root, entry), formats: [format], fileName: () => file, name: 'liveroomBuild' },
    },
  });
}

const out = mkdtempSync(join(tmpdir(), 'liveroom-sdk-'));
execFileSync(process.execPath, [
  join(root, 'node_modules/typescript/bin/tsc'), '--project', join(root, 'tsconfig.build.json'), '--noEmit', 'false', '--declaration', '--emitDeclarationOnly',
  '--rootDir', join(root, 'src'), '--outDir', out,
], { stdio: 'inherit' });
// One file each, so that a page's author can take it from the server. These parts import nothing but each other.
const joined = (names) =>
  names
    .map((name) => readFileSync(join(out, `${name}.d.ts`), 'utf8'))
    .map((text) => text.replace(/^(import|export) [^;]*? from '[^']*';\n/gm, '').replace(/^export \{\};\n/gm, '').trim())
    .join('\n\n');
const inside = /^export (?=declare (?:const (?:CODE|isTemporary)\b|function addUnsupported\b))/gm; // what the module does not export
const main = joined(['constants', 'types', 'interaction', 'error', 'unsupported', 'chat', 'create', 'news', 'recorded', 'status', 'namespace']).replace(inside, '');
writeFileSync(join(dist, 'liveroom.d.ts'), `${main}\n`);
writeFileSync(join(dist, 'liveroom.wx.d.ts'), `import type { Environment, FileLike, SocketLike, UploadRequest } from './liveroom.js';\nexport * from './liveroom.js';\nexport { default } from './liveroom.js';\n${joined(['wx'])}\n`);
rmSync(out, { recursive: true });
