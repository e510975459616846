/** Whether a draw's seed is the one its commitment, told at the start, was made of. null: this page cannot say (it is not served securely). */
export async function fits(seed: string, commitment: string): Promise<boolean | null> {
  if (typeof crypto === 'undefined' || !crypto.subtle) return null;
  if (!/^([0-9a-f]{2})+$/.test(seed)) return false;
  const bytes = Uint8Array.from(seed.match(/../g) as string[], (pair) => parseInt(pair, 16));
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('') === commitment;
}
