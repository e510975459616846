/** localStorage that may be missing, full or forbidden (private windows, frames of other sites): then nothing is remembered. */
export const store = {
  read(key: string): string | null {
    try {
      return localStorage.getItem(`liveroom.${key}`);
    } catch {
      return null;
    }
  },
  write(key: string, value: string | null): void {
    try {
      if (value === null) localStorage.removeItem(`liveroom.${key}`);
      else localStorage.setItem(`liveroom.${key}`, value);
    } catch {
      // Not remembered: the page works on.
    }
  },
};
