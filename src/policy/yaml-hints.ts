/** A key or an element that begins with a star and stands in no quotes: YAML takes it for an alias. */
const BARE_STAR = /^\s*(?:-\s+)?(\*[^\s:,\]}]*)\s*(?::|$)/;

/** What people meant where `yaml` says so; the first row that fits holds. */
const ROWS: readonly (readonly [says: RegExp, hint: string])[] = [
  [/^Alias cannot be an empty string/, 'put a text that begins with `*` in quotes, as in `"*"`'],
  [/^Invalid escape sequence/, 'in single quotes a backslash is a backslash'],
  [/^Nested mappings are not allowed in compact/, 'put a text with `: ` in it in quotes'],
  [/^Implicit keys need to be on a single line/, 'behind the `:` of a key stands a space'],
  [/^Tabs are not allowed/, 'indent with spaces'],
  [/^(?:Plain value cannot start|Block scalar header includes)/, 'put a text that begins so in quotes'],
  [/^Unexpected flow-(?:seq|map)-start at node end/, 'put a text with `[` or `{` in it in quotes'],
  [/^Sequence item without - indicator/, 'all keys of an item begin in the column of its first'],
  [/^Block collections are not allowed within flow/, 'between two members stands a comma'],
];

/**
 * What to do about a mistake of YAML, as the end of a message; empty where `yaml` says enough.
 *
 * @param offset where the mistake is in the text.
 */
export function yamlHint(says: string, text: string, offset: number): string {
  const star = bareStar(text, offset);
  if (star !== undefined) return `; put \`${star}\` in quotes: \`"${star}"\``;
  if (says.startsWith('Unexpected scalar at node end') && text[offset - 1] === "'") {
    return "; within single quotes write `''` for a quote";
  }
  const [, hint] = ROWS.find(([pattern]) => pattern.test(says)) ?? [];
  return hint === undefined ? '' : `; ${hint}`;
}

/** A bare star in the line of the mistake, or in the one before it, which `yaml` may notice only behind its end. */
function bareStar(text: string, offset: number): string | undefined {
  const end = (at: number) => (at === -1 ? text.length : at);
  const line = (from: number) => text.slice(from, end(text.indexOf('\n', from)));
  const here = text.lastIndexOf('\n', offset - 1) + 1;
  const before = here === 0 ? 0 : text.lastIndexOf('\n', here - 2) + 1;
  return [line(here), line(before)]
    .map((each) => BARE_STAR.exec(each)?.[1])
    .find((star) => star !== undefined);
}
