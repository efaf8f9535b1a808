import { styleText } from 'node:util';

/** How text is set off for people; a terminal gives colours, a pipe gives none. */
export interface Ink {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly faint: (text: string) => string;
}

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
