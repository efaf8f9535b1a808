import { describe, expect, it } from 'vitest';
import { problemsOf } from './support.ts';

const IN_RULE = 'tools:\n  vendJWTWithId:\n    rules:\n';

/** What people write who do not know YAML by heart, and the end of what they are told. */
const rows: readonly (readonly [mistake: string, text: string, hint: string])[] = [
  ['a star as key', 'tools:\n  *:\n    rules: []\n', 'put `*` in quotes: `"*"`'],
  ['a glob as key', 'tools:\n  vendJWTWithId: {}\n  *Jwt*: {}\n', 'put `*Jwt*` in quotes: `"*Jwt*"`'],
  ['a star in a list', 'hide: [*]\n', 'put a text that begins with `*` in quotes, as in `"*"`'],
  ['a glob in a list', 'hide: [*Jwt]\n', 'or put a text in quotes: `"*Jwt"`'],
  ['a regular expression', 'description: "\\d+"\n', 'in single quotes a backslash is a backslash'],
  ['a colon in a text', 'description: Policy: for us\n', 'put a text with `: ` in it in quotes'],
  ['no space behind a colon', 'default:deny\ntools: {}\n', 'behind the `:` of a key stands a space'],
  ['a tab', 'tools:\n\tvendJWTWithId: {}\n', 'indent with spaces'],
  ['a domain', `${IN_RULE}      - name: @example.com\n`, 'put a text that begins so in quotes'],
  ['an operator', `${IN_RULE}      - when: [{ op: >=, value: 1 }]\n`, 'put a text that begins so in quotes'],
  [
    'an index',
    `${IN_RULE}      - when: [{ path: a[0], op: eq }]\n`,
    'put a text with `[` or `{` in it in quotes',
  ],
  ['a key too far left', `${IN_RULE}      - action: deny\n       name: x\n`, 'in the column of its first'],
  ['an apostrophe', "description: 'it's'\n", "within single quotes write `''` for a quote"],
  [
    'no comma',
    'tools: { vendJWTWithId: { secrets: clear rules: [] } }\n',
    'between two members stands a comma',
  ],
];

describe('a mistake of YAML is told with what to do about it', () => {
  it.each(rows)('%s', (_mistake, text, hint) => {
    const [first = ''] = problemsOf(text).filter((problem) => problem.includes(' error '));
    expect(first.endsWith(hint), first).toBe(true);
  });

  it('and where nobody knows, without', () => {
    expect(problemsOf('default: "deny\n')).toEqual(['2:1 error yaml not valid YAML: Missing closing "quote']);
  });
});
