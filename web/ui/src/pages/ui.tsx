import { signal } from '@preact/signals';
import { render, type ComponentChildren, type JSX } from 'preact';
import { Frame, Head, Panel } from '../design/frame.tsx';
import { Segmented } from '../design/segmented.tsx';
import '../design/styles.ts';
import { ready } from '../i18n/index.ts';
import { followSettings } from '../lib/page.ts';
import '../styles/ui.css';
import { Buttons, Choices, Copies, Fields } from '../ui/controls.tsx';
import { Colours, Type } from '../ui/tokens.tsx';
import { t } from '../ui/texts.ts';
import { Dialogs, Figures, Nothing, ProgressSample, Tables, TabSample, Words } from '../ui/views.tsx';

type Shown = 'both' | 'light' | 'dark';

const shown = signal<Shown>('both');

const parts = ['type', 'colour', 'buttons', 'fields', 'choices', 'dialogs', 'table', 'tabs', 'words', 'progress', 'copy', 'empty', 'figures'] as const;
const samples: Record<(typeof parts)[number], () => ComponentChildren> = {
  type: () => <Type />,
  colour: () => <Colours />,
  buttons: () => <Buttons />,
  fields: () => <Fields />,
  choices: () => <Choices />,
  dialogs: () => <Dialogs />,
  table: () => <Tables />,
  tabs: () => <TabSample />,
  words: () => <Words />,
  progress: () => <ProgressSample />,
  copy: () => <Copies />,
  empty: () => <Nothing />,
  figures: () => <Figures />,
};

/** Every component in every state, by day and by night. */
function DesignSystem(): JSX.Element {
  const themes = shown.value === 'both' ? (['light', 'dark'] as const) : [shown.value];
  return (
    <Frame title={t('title')} nav={[{ items: parts.map((part) => ({ href: `#part-${part}`, label: t(`part_${part}`) })) }]}>
      <Head
        title={t('title')}
        text={t('text')}
        actions={<Segmented label={t('themes')} value={shown.value} onValue={(value) => (shown.value = value)} options={(['both', 'light', 'dark'] as const).map((value) => ({ value, label: t(`themes_${value}`) }))} testid="ui-themes" />}
      />
      {parts.map((part) => (
        <section key={part} id={`part-${part}`} class="ui-part" aria-labelledby={`name-${part}`} data-testid={`part-${part}`}>
          <h2 id={`name-${part}`}>{t(`part_${part}`)}</h2>
          <div class="ui-pair">
            {themes.map((theme) => (
              <div key={theme} class="ui-place" data-theme={theme}>
                <Panel>{samples[part]()}</Panel>
              </div>
            ))}
          </div>
        </section>
      ))}
    </Frame>
  );
}

followSettings();
void ready.then(() => render(<DesignSystem />, document.getElementById('app') as HTMLElement));
