import type { Schemas } from '../api/http.ts';

type Room = Schemas['RoomBody'];

/** Where somebody stands who has just installed the server. */
export type Step =
  | 'room' // there is none yet
  | 'push' // there is one that nobody ever pushed to
  | 'live' // the picture is here
  | 'done';

/** Whether a room was ever on air: only then it has a session. */
export const wasLive = (room: Pick<Room, 'status'>): boolean => room.status.session !== '';

/**
 * The step that an overview leads through. `led`: the room that somebody is led through at the moment, which stays until it
 * is on air and that was seen. All rooms are given where there are few; who has many needs no guide.
 */
export function stepOf(rooms: readonly Room[], more: boolean, led: string): { step: Step; room: Room | null } {
  const mine = rooms.find((room) => room.id === led) ?? null;
  if (mine) {
    if (mine.status.name === 'live') return { step: 'live', room: mine };
    if (!wasLive(mine)) return { step: 'push', room: mine };
  }
  if (more || rooms.some(wasLive)) return { step: 'done', room: null };
  const newest = [...rooms].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))[0] ?? null;
  return newest ? { step: 'push', room: newest } : { step: 'room', room: null };
}

/** An id that a title suggests: its letters and digits in ASCII, '' where it has none. */
export function idFrom(title: string): string {
  return title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 48);
}

/** The rooms that begin next, the nearest first. */
export function upcoming(rooms: readonly Room[], now: number, most = 5): Room[] {
  return rooms
    .filter((room) => room.status.name === 'waiting' && room.scheduledAt !== null && Date.parse(room.scheduledAt) > now - 3_600_000)
    .sort((a, b) => Date.parse(a.scheduledAt as string) - Date.parse(b.scheduledAt as string))
    .slice(0, most);
}
