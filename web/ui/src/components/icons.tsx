import type { JSX } from 'preact';

/** A picture drawn by one line, in the colour of the text beside it. */
export function icon(d: string) {
  return (): JSX.Element => (
    <svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
      <path d={d} fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}

export const Play = icon('M7 4.5v15l12-7.5z');
export const Pause = icon('M8 5v14M16 5v14');
export const Load = icon('M12 4v11M7 10.5l5 5 5-5M5 19.5h14');
export const SoundOn = icon('M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11');
export const SoundOff = icon('M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5');
export const Expand = icon('M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5');
export const Shrink = icon('M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5');
export const Flying = icon('M4 6h9M16 6h4M4 12h4M11 12h9M4 18h11M18 18h2');
export const FlyingOff = icon('M4 6h9M4 12h4M4 18h11M3.5 3.5l17 17');
export const Pip = icon('M4 5h16v6M4 5v14h7M13.5 14h6.5v5h-6.5z');
export const Gear = icon('M10.4 5.6L10.6 2.9L13.4 2.9L13.6 5.6L15.4 6.3L17.4 4.6L19.4 6.6L17.7 8.6L18.4 10.4L21.1 10.6L21.1 13.4L18.4 13.6L17.7 15.4L19.4 17.4L17.4 19.4L15.4 17.7L13.6 18.4L13.4 21.1L10.6 21.1L10.4 18.4L8.6 17.7L6.6 19.4L4.6 17.4L6.3 15.4L5.6 13.6L2.9 13.4L2.9 10.6L5.6 10.4L6.3 8.6L4.6 6.6L6.6 4.6L8.6 6.3zM12 14.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6z');
export const Share = icon('M12 14.5v-11M8 7l4-4 4 4M6 11.5v8h12v-8');
export const Send = icon('M4.5 12h14M12.5 6l6 6-6 6');
export const Down = icon('M12 5v13M6.5 12.5l5.5 5.5 5.5-5.5');
export const People = icon('M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19.5c.5-3.5 3-5 6.5-5s6 1.5 6.5 5M16 4.8a3.5 3.5 0 0 1 0 6.4M18 15c2 .6 3.2 2 3.5 4.5');
export const Person = icon('M12 11.5a3.75 3.75 0 1 0 0-7.5 3.75 3.75 0 0 0 0 7.5zM4.5 20c.6-3.8 3.5-5.5 7.5-5.5s6.9 1.7 7.5 5.5');
export const Paper = icon('M7 3.5h7l4 4v13H7zM14 3.5v4h4');
export const Photo = icon('M4 5.5h16v13H4zM4 16l4.5-4.5 4 4 2.5-2.5 5 4.5M9 9.5h.01');
export const More = icon('M5 12h.8M11.6 12h.8M18.2 12h.8');
export const Close = icon('M6 6l12 12M18 6L6 18');
export const Heart = icon('M12 20s-7.5-4.6-7.5-10.2A4.3 4.3 0 0 1 12 7.2a4.3 4.3 0 0 1 7.5 2.6C19.5 15.4 12 20 12 20z');
export const Present = icon('M4 9.5h16v4H4zM5.5 13.5h13v7h-13zM12 9.5v11M12 9.5C9 9.5 7.2 8.4 7.2 6.5 7.2 4.2 10.8 3.6 12 9.5 13.2 3.6 16.8 4.2 16.8 6.5 16.8 8.4 15 9.5 12 9.5z');
export const Trophy = icon('M8 4h8v6a4 4 0 0 1-8 0zM8 5.5H4.5c0 3 1.3 4.5 3.7 4.8M16 5.5h3.5c0 3-1.3 4.5-3.7 4.8M12 14v3.5M8.5 20h7M9.5 20c0-1.7 1-2.5 2.5-2.5s2.5.8 2.5 2.5');
export const Flame = icon('M12 3.5c.6 3.2 5.5 5 5.5 10a5.5 5.5 0 0 1-11 0c0-2.3 1.2-3.8 2.2-4.8.3 1.7 1 2.5 1.8 2.8C10 8.5 10.5 5.5 12 3.5z');
export const Ticket = icon('M3.5 8h17v2.5a1.8 1.8 0 0 0 0 3.5V16.5h-17V14a1.8 1.8 0 0 0 0-3.5zM9 8v8.5');
export const Coin = icon('M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 8.5v7M9.8 10.2c.3-1 1.1-1.5 2.2-1.5 1.3 0 2.2.6 2.2 1.6 0 2.3-4.4 1.2-4.4 3.5 0 1 .9 1.6 2.2 1.6 1.2 0 2-.5 2.3-1.5');
export const Plus = icon('M12 5.5v13M5.5 12h13');
export const Tick = icon('M5 12.5l4.5 4.5L19 7.5');
export const Search = icon('M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L20 20');
export const Outside = icon('M14 4.5h5.5V10M19 5l-8 8M10 5.5H5v13.5h13.5v-5');
export const CalendarPlus = icon('M4.5 6.5h15v13h-15zM4.5 10.5h15M8.500 4v4M15.500 4v4M12 12.500v5M9.500 15h5');
export const Outgoing = icon('M12 15V4M8 7.5L12 3.500l4 4M6 11.500H4.500v9h15v-9H18');
