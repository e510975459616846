import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';

type Part<P> = (props: P) => JSX.Element | null;

/**
 * A part of the page that is fetched when it is first drawn; nothing stands in its place until then. Where it can't be
 * had that is said, with a way to try again: once more here, then by loading the page, which may be older than the server.
 */
export function lazy<P extends object>(load: () => Promise<Part<P>>): Part<P> {
  let Found: Part<P> | null = null;
  return function Lazy(props: P) {
    const [, draw] = useState(0);
    const [failures, setFailures] = useState(0);
    const [turn, setTurn] = useState(0);
    useEffect(() => {
      if (Found) return;
      let gone = false;
      load().then(
        (part) => {
          Found = part;
          if (!gone) draw((n) => n + 1);
        },
        () => !gone && setFailures((n) => n + 1),
      );
      return () => {
        gone = true;
      };
    }, [turn]);
    if (Found) return <Found {...props} />;
    if (failures <= turn) return null;
    return (
      <p class="part-failed" role="alert" data-testid="part-failed">
        {t('part_failed')}{' '}
        <button type="button" class="link" onClick={() => (failures > 1 ? location.reload() : setTurn(failures))}>
          {t(failures > 1 ? 'out_reload' : 'retry')}
        </button>
      </p>
    );
  };
}
