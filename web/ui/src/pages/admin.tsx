import { render, type JSX } from 'preact';
import { t } from '../admin/texts.ts';
import { Frame, Panel } from '../design/frame.tsx';
import { followSettings } from '../lib/page.ts';
import { Router } from '../lib/router.ts';
import '../design/styles.ts';

const router = new Router('/admin');

function Admin(): JSX.Element {
  return (
    <Frame
      title={t('title')}
      path={router.at.value.pathname}
      gate={
        <Panel title={t('signin_title')}>
          <p>{t('signin_text')}</p>
        </Panel>
      }
    />
  );
}

followSettings();
router.start();
render(<Admin />, document.getElementById('app') as HTMLElement);
