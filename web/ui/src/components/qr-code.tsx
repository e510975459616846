import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** A text for a camera, dark on white in both themes: what reads it needs that. As large as its place; nothing where the text is too long for one. */
export function QrCode({ text, label }: { text: string; label: string }): JSX.Element {
  const [code, setCode] = useState<{ size: number; path: string } | null>(null);
  useEffect(() => {
    let gone = false;
    import('../lib/qr.ts').then(({ qrPath }) => !gone && setCode(qrPath(text))).catch(() => !gone && setCode(null));
    return () => {
      gone = true;
    };
  }, [text]);
  const size = code?.size ?? 1;
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} width="100%" role="img" aria-label={label} shape-rendering="crispEdges" data-testid="qr" data-ready={code !== null}>
      <rect width={size} height={size} fill="#fff" />
      {code && <path d={code.path} fill="#000" />}
    </svg>
  );
}
