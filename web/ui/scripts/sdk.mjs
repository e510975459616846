// Puts the built SDK (web/sdk) into dist/sdk/, from where the server gives it to pages of any site.
import { cpSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const from = fileURLToPath(new URL('../../sdk/dist', import.meta.url));
if (!existsSync(from)) {
  console.error('web/sdk is not built: `make pages` builds it first');
  process.exit(1);
}
cpSync(from, fileURLToPath(new URL('../dist/sdk', import.meta.url)), { recursive: true });
