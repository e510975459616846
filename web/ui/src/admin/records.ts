import { useEffect, useRef, useState } from 'preact/hooks';
import type { Schemas } from '../api/http.ts';
import type { StatusRecord } from '../api/types.ts';
import { data } from '../api/http.ts';
import { parseRecord } from '../status/newest.ts';
import { useConsole } from './context.ts';
import type { Feed } from './feed.ts';

/** A record as it is compared and shown, of one as it comes. */
export const recordFrom = (sent: Schemas['Record']): StatusRecord => parseRecord(sent) ?? ({ ...sent, delay: 0 } as unknown as StatusRecord);

/** The newest that is known of rooms' statuses; draws the component anew when one changes, once a frame at most. */
export function useRecords(): (room: { status: Schemas['Record'] }) => StatusRecord {
  const { feed } = useConsole();
  const [, draw] = useState(0);
  useEffect(() => {
    let frame = 0;
    const stop = feed.hear(() => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        draw((n) => n + 1);
      });
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [feed]);
  return (room) => feed.newest(recordFrom(room.status));
}

const SOON = 150; // ms: several changes are one reading

/** Reads soon after any room's status has changed, and however often they change. */
export function useNews(feed: Pick<Feed, 'hear'>, read: () => void): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = feed.hear((_, news) => {
      if (!news) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        read();
      }, SOON);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [feed]);
}

const MOST = 500; // rooms the server tells of at once

/** Statuses and people of the given rooms, again and again: seldom while changes arrive by themselves, else every few seconds. */
export function useStatuses(rooms: readonly string[], take: (found: Schemas['StatusBody'][]) => void): void {
  const { http, feed, session } = useConsole();
  const asked = rooms.slice(0, MOST).join(',');
  const following = feed.following.value;
  const latest = useRef(take); // what it puts them into may have been read anew meanwhile
  latest.current = take;
  useEffect(() => {
    if (asked === '') return;
    const abort = new AbortController();
    const every = following ? 6000 : 3000;
    let timer: ReturnType<typeof setTimeout>;
    const look = async () => {
      if (!document.hidden) {
        try {
          const { statuses } = await data(http.GET('/api/v1/statuses', { params: { query: { rooms: asked } }, signal: abort.signal }));
          if (!abort.signal.aborted) latest.current(statuses);
        } catch {
          // The page says it when the server is away; what is shown stays.
        }
      }
      if (!abort.signal.aborted) timer = setTimeout(() => void look(), every);
    };
    timer = setTimeout(() => void look(), session.returns.value > 0 ? 0 : every);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [asked, following, session.returns.value]);
}

/** Rooms with what was found of them. */
export function withStatuses(rooms: readonly Schemas['RoomBody'][], found: readonly Schemas['StatusBody'][]): Schemas['RoomBody'][] {
  const by = new Map(found.map((one) => [one.room, one]));
  return rooms.map((room) => {
    const one = by.get(room.id);
    return one ? { ...room, online: one.online, status: one } : room;
  });
}
