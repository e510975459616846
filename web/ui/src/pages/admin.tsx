import { render } from 'preact';
import { Feed } from '../admin/feed.ts';
import { Session, takeCode } from '../admin/session.ts';
import { Shell } from '../admin/shell.tsx';
import { ready } from '../i18n/index.ts';
import { followSettings } from '../lib/page.ts';
import { Router } from '../lib/router.ts';
import '../design/styles.ts';
import '../styles/admin.css';
import '../styles/server.css';

const code = takeCode(window); // before anything else: nobody is to read it over a shoulder, or keep it in the history
const session = new Session();
const router = new Router('/admin');
const feed = new Feed({
  open: () => new EventSource('/api/v1/events'),
  onRefused: () => void session.check(),
});

followSettings();
router.start();
addEventListener('online', () => session.hurry());
document.addEventListener('visibilitychange', () => !document.hidden && session.hurry());
void session.start(code);
void ready.then(() => render(<Shell place={{ session, http: session.http, router, feed }} />, document.getElementById('app') as HTMLElement));
