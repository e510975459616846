import { useState } from 'preact/hooks';
import { errorWords } from '../design/errors.ts';

export interface Doing {
  /** What is being done just now; '' for nothing. */
  what: string;
  /** Why the last thing failed, in words; '' where it did not. */
  error: string;
  /** Does one thing at a time; true once it is done. */
  run(what: string, act: () => Promise<void>): Promise<boolean>;
}

/** What buttons do that have no form: one thing at a time, with its failure told beside them. */
export function useDoing(): Doing {
  const [what, setWhat] = useState('');
  const [error, setError] = useState('');
  return {
    what,
    error,
    async run(name, act) {
      if (what !== '') return false;
      setWhat(name);
      setError('');
      try {
        await act();
        return true;
      } catch (err) {
        setError(errorWords(err));
        return false;
      } finally {
        setWhat('');
      }
    },
  };
}
