import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Person } from '../chat/calling.ts';
import { t } from '../i18n/parts.ts';
import '../styles/mention.css';

export interface MentionListProps {
  people: readonly Person[];
  active: number;
  onActive(index: number): void;
  onChoose(person: Person): void;
}

/** Whom an @ may mean, above the place where one types, which keeps the focus and the keys. */
export function MentionList({ people, active, onActive, onChoose }: MentionListProps): JSX.Element {
  useEffect(() => document.getElementById(`mention-${active}`)?.scrollIntoView({ block: 'nearest' }), [active]);
  return (
    <ul id="mentions" class="mentions" role="listbox" aria-label={t('mention_whom')} data-testid="mentions">
      {people.map((person, i) => (
        <li
          key={person.user}
          id={`mention-${i}`}
          role="option"
          aria-selected={i === active}
          onPointerMove={() => i !== active && onActive(i)}
          onPointerDown={(ev) => ev.preventDefault() /* the focus stays where one types */}
          onClick={() => onChoose(person)}
          data-testid="mention"
        >
          <bdi>{person.nick}</bdi>
        </li>
      ))}
    </ul>
  );
}
