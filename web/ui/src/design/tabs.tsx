import type { ComponentChildren, JSX, TargetedKeyboardEvent } from 'preact';
import { useId, useRef } from 'preact/hooks';

export interface Tab<V extends string = string> {
  value: V;
  label: string;
  /** How many there are behind it. */
  count?: number;
}

export interface TabsProps<V extends string = string> {
  label: string;
  tabs: readonly Tab<NoInfer<V>>[];
  value: V;
  onValue(value: NoInfer<V>): void;
  children: ComponentChildren;
  testid?: string;
}

/** What is chosen after a key: the next or last one around, the first, the last; null for keys that mean nothing here. */
export function moved(key: string, at: number, count: number): number | null {
  switch (key) {
    case 'ArrowRight':
    case 'ArrowDown':
      return (at + 1) % count;
    case 'ArrowLeft':
    case 'ArrowUp':
      return (at - 1 + count) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
  }
  return null;
}

/** Several views of one thing; arrows go between them. */
export function Tabs<V extends string>({ label, tabs, value, onValue, children, testid }: TabsProps<V>): JSX.Element {
  const id = useId();
  const bar = useRef<HTMLDivElement>(null);
  const onKeyDown = (ev: TargetedKeyboardEvent<HTMLElement>) => {
    if (ev.key === 'ArrowUp' || ev.key === 'ArrowDown') return; // the page's
    const next = moved(ev.key, tabs.findIndex((tab) => tab.value === value), tabs.length);
    if (next === null) return;
    ev.preventDefault();
    onValue((tabs[next] as Tab<V>).value);
    bar.current?.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
  };
  return (
    <div class="tabs" data-testid={testid}>
      <div ref={bar} class="tabs-bar" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
        {tabs.map((tab) => (
          <button
            key={tab.value}
            type="button"
            role="tab"
            id={`${id}-${tab.value}`}
            aria-selected={tab.value === value}
            aria-controls={`${id}-panel`}
            tabIndex={tab.value === value ? 0 : -1}
            onClick={() => onValue(tab.value)}
            data-testid={testid && `${testid}-${tab.value}`}
          >
            {tab.label}
            {tab.count !== undefined && <span class="tabs-count number">{tab.count}</span>}
          </button>
        ))}
      </div>
      <div class="tabs-panel" role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${value}`} tabIndex={0}>
        {children}
      </div>
    </div>
  );
}
