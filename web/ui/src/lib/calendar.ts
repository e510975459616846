/** What a calendar should hold. Moments are RFC 3339. */
export interface Appointment {
  id: string;
  title: string;
  url: string;
  text: string;
  from: string;
  /** null: an hour later. */
  to: string | null;
}

const HOUR_MS = 3_600_000;

/** An appointment as a file that calendars read (RFC 5545), with a reminder ten minutes before. */
export function calendarFile({ id, title, url, text, from, to }: Appointment, now = new Date()): string {
  const begins = Date.parse(from);
  const ends = to === null ? NaN : Date.parse(to);
  const lines = [
    'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//liveroom//lobby//EN', 'METHOD:PUBLISH',
    'BEGIN:VEVENT',
    `UID:${escaped(`${id}@${new URL(url).hostname}`)}`,
    `DTSTAMP:${utc(now.getTime())}`,
    `DTSTART:${utc(begins)}`,
    `DTEND:${utc(ends > begins ? ends : begins + HOUR_MS)}`,
    `SUMMARY:${escaped(title)}`,
    `DESCRIPTION:${escaped(text)}`,
    `URL:${url}`,
    'BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER:-PT10M', `DESCRIPTION:${escaped(title)}`, 'END:VALARM',
    'END:VEVENT', 'END:VCALENDAR',
  ];
  return lines.map((line) => `${folded(line)}\r\n`).join('');
}

const utc = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;

const escaped = (text: string): string =>
  text.replace(/[\\;,]/g, '\\$&').replace(/\r\n|\r|\n/g, '\\n').replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '');

/** A line is at most 75 bytes; what is longer goes on behind a space, and no character is torn apart. */
function folded(line: string): string {
  const parts: string[] = [];
  let [part, bytes] = ['', 0];
  for (const letter of line) {
    const more = new TextEncoder().encode(letter).length;
    if (bytes + more > (parts.length === 0 ? 75 : 74)) {
      parts.push(part);
      [part, bytes] = ['', 0];
    }
    part += letter;
    bytes += more;
  }
  return [...parts, part].join('\r\n ');
}
