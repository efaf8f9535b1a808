import { styleText } from 'node:util';
import type { Ink } from '../policy/explain.ts';

/** Colours for a terminal, nothing for a pipe. */
export function inkFor(color: boolean): Ink {
  if (!color) return { good: plain, bad: plain, faint: plain };
  return {
    good: (text) => styleText('green', text),
    bad: (text) => styleText('red', text),
    faint: (text) => styleText('dim', text),
  };
}

function plain(text: string): string {
  return text;
}
