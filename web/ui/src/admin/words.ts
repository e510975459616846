/** The server words its advice and refusals itself. */
export const adviceWords = (_code: string, text: string): string => sentence(text);
export const refusalWords = (_code: string, detail: string): string => sentence(detail);

const sentence = (text: string): string => {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?。！？]$/.test(whole) ? whole : `${whole}.`;
};
