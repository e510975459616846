import { t } from './texts.ts';

/** What a call of the server's API throws, whichever client made it. */
export interface Refusal {
  status: number; // 0: not reached at all
  code: string;
  message: string;
  field: string;
}

export function isRefusal(err: unknown): err is Refusal {
  return typeof err === 'object' && err !== null && typeof (err as Refusal).status === 'number' && typeof (err as Refusal).code === 'string';
}

/** A failure in words. What the server says of a fault of ours is the most exact there is, so that stays as it is. */
export function errorWords(err: unknown): string {
  if (!isRefusal(err)) return err instanceof Error && err.message ? t('error_told', { what: err.message }) : t('error');
  switch (err.status) {
    case 0:
      return t('error_unreachable');
    case 401:
      return t('error_unauthorized');
    case 403:
      return t('error_forbidden', { what: err.message });
    case 429:
      return t('error_often');
    default:
      return err.status >= 500 ? t('error_server', { what: err.message }) : sentence(err.message || err.code);
  }
}

/** The server's details are clauses: "the title is too long". */
const sentence = (text: string): string => {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?。！？]$/.test(whole) ? whole : `${whole}.`;
};
