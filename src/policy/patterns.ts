import { RE2JS } from 're2js';

/** Whether a pattern matches somewhere in a text. */
export type Matches = (text: string) => boolean;

/**
 * A pattern in RE2 syntax, made ready; throws where it is none. It takes linear time for every text.
 *
 * RE2 takes some ten times as long as the engine of the language, which backtracks. Where a pattern means the same to
 * both and there is nothing to go back to, the faster one is taken.
 */
export function compilePattern(pattern: string): Matches {
  const re2 = RE2JS.compile(pattern);
  if (!isPlain(pattern)) return (text) => re2.test(text);
  const plain = new RegExp(pattern);
  return (text) => plain.test(text);
}

const LITERAL = String.raw`[A-Za-z0-9 _:/@,;=!#%&'"<>~-]|\\[-.+*?^$|()[\]{}/\\]`;
const SET = String.raw`\[(?:[a-z]-[a-z]|[A-Z]-[A-Z]|[0-9]-[0-9]|\\[dw.]|[A-Za-z0-9 _:/@.])+-?\]`;
const NUMBER = String.raw`(?:0|[1-9]\d*)`;
const TIMES = String.raw`[*+?]|\{${NUMBER}(?:,${NUMBER}?)?\}`;
const PIECE = String.raw`(${LITERAL}|\\[dw]|${SET})(${TIMES})?`;
const PLAIN = new RegExp(String.raw`^\^?(?:${PIECE})*\$?$`);
const PIECES = new RegExp(PIECE, 'g');
const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
/** Longer ones are not looked at: it would take as long as they are. */
const MAX_LENGTH = 200;

/** One character of ASCII, some times. */
interface Piece {
  readonly characters: ReadonlySet<string>;
  readonly isOptional: boolean;
  /** The same number of times in every text. */
  readonly isFixed: boolean;
}

/**
 * Whether a pattern is a run of ASCII characters and sets of these in which each piece ends where the next begins: what
 * repeats shares no character with what may follow. Then every text has one way through it at most. Such a pattern
 * has to start at the text's own start, unless nothing in it repeats.
 */
function isPlain(pattern: string): boolean {
  if (pattern.length > MAX_LENGTH || !PLAIN.test(pattern)) return false;
  const pieces = Array.from(pattern.matchAll(PIECES), ([, character = '', times = '']) =>
    pieceOf(character, times),
  );
  return pieces.every(({ isFixed, characters }, i) => {
    if (isFixed) return true;
    const next = pieces.slice(i + 1);
    const must = next.findIndex(({ isOptional }) => !isOptional);
    const following = must === -1 ? next : next.slice(0, must + 1);
    return pattern.startsWith('^') && following.every((each) => isDisjoint(characters, each.characters));
  });
}

function pieceOf(character: string, times: string): Piece {
  const one = new RegExp(`^${character}$`);
  return {
    characters: new Set(ASCII.filter((each) => one.test(each))),
    isOptional: times === '*' || times === '?' || times.startsWith('{0'),
    isFixed: times === '' || /^\{\d+\}$/.test(times),
  };
}

function isDisjoint(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return Array.from(a).every((each) => !b.has(each));
}
