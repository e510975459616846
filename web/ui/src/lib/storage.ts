/** A browser's storage that may be missing, full or forbidden (private windows, frames of other sites): then nothing is remembered. */
function memory(place: () => Storage) {
  return {
    read(key: string): string | null {
      try {
        return place().getItem(`liveroom.${key}`);
      } catch {
        return null;
      }
    },
    write(key: string, value: string | null): void {
      try {
        if (value === null) place().removeItem(`liveroom.${key}`);
        else place().setItem(`liveroom.${key}`, value);
      } catch {
        // Not remembered: the page works on.
      }
    },
  };
}

/** Remembered for all tabs and visits. */
export const store = memory(() => localStorage);

/** Remembered as long as the tab. */
export const session = memory(() => sessionStorage);
