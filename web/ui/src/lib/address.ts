/** An address a page may load or link to; '' for any other: script, data and file addresses stay what somebody typed. */
export function webAddress(value: unknown): string {
  const address = typeof value === 'string' ? value : '';
  if (!/^(https?:\/\/|\/(?!\/))/i.test(address)) return '';
  try {
    const { protocol } = new URL(address, 'https://page');
    return protocol === 'https:' || protocol === 'http:' ? address : '';
  } catch {
    return '';
  }
}
