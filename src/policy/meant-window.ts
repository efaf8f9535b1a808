import { MAX_WORD } from './located.ts';
import { UNITS } from './units.ts';

/** What people write for a unit of time, and its letter; `w` is seven days. */
const LETTERS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    s: 's sec secs second seconds',
    m: 'm min mins minute minutes',
    h: 'h hr hrs hour hours',
    d: 'd day days daily',
    w: 'w wk week weeks',
  }).flatMap(([letter, words]) => words.split(' ').map((word) => [word, letter] as const)),
);
/** A unit without a number. */
const ALONE: Readonly<Record<string, string>> = { s: '1s', m: 'minute', h: 'hour', d: 'day', w: '7d' };
const WEEK_DAYS = 7;

/** The window that somebody may have meant, as it is written here; null where nobody knows. */
export function meantWindow(text: string): string | null {
  if (text.length > MAX_WORD) return null;
  // PT1H30M, of ISO 8601, is 1h30m.
  const words = text
    .trim()
    .toLowerCase()
    .replace(/^p(?:([0-9]+d))?t?(?=[0-9]|$)/, '$1');
  if (/^[1-9][0-9]*$/.test(words)) return `${words}s`;
  const alone = ALONE[LETTERS.get(words) ?? ''];
  if (alone !== undefined) return alone;
  const parts = [...words.matchAll(/([0-9]+(?:\.[0-9]+)?) *([a-z]+) */g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== words) return null;
  const seconds = parts.reduce((sum, [, count, unit]) => sum + secondsOf(Number(count), unit ?? ''), 0);
  return Number.isInteger(seconds) && seconds > 0 ? inLargestUnit(seconds) : null;
}

/** The short form of a limit that somebody may have meant, as in `10 per minute`; null where nobody knows. */
export function meantLimit(text: string): string | null {
  if (text.length > MAX_WORD) return null;
  const [, count = '', window = ''] =
    /^\s*([1-9][0-9_,]*)\s*(?:calls?|requests?|times)?\s*(?:\/|\bper\b|\bevery\b|\beach\b|\bin\b|\bann?\b|\ba\b)\s*(.+)$/i.exec(
      text,
    ) ?? [];
  const meant = window === '' ? null : meantWindow(window);
  return meant === null ? null : `${count.replaceAll(/[_,]/g, '')}/${meant}`;
}

function secondsOf(count: number, unit: string): number {
  const letter = LETTERS.get(unit);
  if (letter === undefined) return Number.NaN;
  return letter === 'w' ? secondsOf(count * WEEK_DAYS, 'd') : (count * (UNITS[letter] ?? Number.NaN)) / 1000;
}

function inLargestUnit(seconds: number): string {
  const [letter = 's', ms = 1000] =
    Object.entries(UNITS).findLast(([, each]) => (seconds * 1000) % each === 0) ?? [];
  return `${(seconds * 1000) / ms}${letter}`;
}
