import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { SeedDocument } from './seed.ts';
import { SeedError } from './seed-error.ts';
import { type Form, seedForm } from './seed-form.ts';
import { checkReferences } from './seed-references.ts';

type Place = readonly (string | number)[];
type Report = (at: Place, message: string) => void;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** YAML text -> a seed whose references hold; throws a SeedError that lists every problem with its line. */
export function parseSeed(yamlText: string): SeedDocument {
  const lines = new LineCounter();
  const document = parseDocument(yamlText, { lineCounter: lines, uniqueKeys: true });
  const broken = document.errors.map(({ pos, message }) => {
    const { line, col } = lines.linePos(pos[0]);
    return `${line}:${col} ${message.split(' at line')[0]}`;
  });
  if (broken.length > 0) throw new SeedError(broken);
  const problems: string[] = [];
  const value: unknown = document.toJS();
  check(seedForm, value, [], (at, message) =>
    problems.push(`${lineOf(document, lines, at)} ${nameOf(at)}${message}`),
  );
  if (problems.length > 0) throw new SeedError(problems);
  const seed = value as SeedDocument;
  checkReferences(seed);
  return seed;
}

function check(form: Form, value: unknown, at: Place, report: Report): void {
  switch (form.is) {
    case 'text':
      if (typeof value !== 'string' || value === '') report(at, 'expected text; a number needs quotes');
      return;
    case 'uuid':
      if (typeof value !== 'string' || !UUID.test(value)) report(at, 'expected a UUID');
      return;
    case 'flag':
      if (typeof value !== 'boolean') report(at, 'expected `true` or `false`');
      return;
    case 'whole':
      if (!Number.isSafeInteger(value) || Number(value) < form.from) {
        report(at, `expected a whole number from ${form.from}`);
      }
      return;
    case 'one of':
      if (typeof value !== 'string' || !form.words.includes(value))
        report(at, `expected ${words(form.words)}`);
      return;
    case 'list':
      if (!Array.isArray(value) || value.length < form.from) {
        report(at, form.from > 0 ? 'expected a list with at least one item' : 'expected a list');
      } else {
        for (const [index, item] of value.entries()) check(form.of, item, [...at, index], report);
      }
      return;
    case 'map':
      checkMap(form, value, at, report);
      return;
    case 'record':
      checkRecord(form, value, at, report);
      return;
  }
}

function checkMap(form: Extract<Form, { is: 'map' }>, value: unknown, at: Place, report: Report): void {
  if (!isMapping(value)) {
    report(at, 'expected a mapping');
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    if (form.keys === 'ids' && !UUID.test(name)) report([...at, name], 'expected a UUID as the key');
    check(form.of, member, [...at, name], report);
  }
}

function checkRecord(form: Extract<Form, { is: 'record' }>, value: unknown, at: Place, report: Report): void {
  if (!isMapping(value)) {
    report(at, 'expected a mapping');
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    const wanted = Object.hasOwn(form.members, name) ? form.members[name] : undefined;
    if (wanted) check(wanted, member, [...at, name], report);
    else report([...at, name], `unknown key; expected ${words(Object.keys(form.members))}`);
  }
  for (const name of form.required) {
    if (!Object.hasOwn(value, name)) report(at, `expected the key \`${name}\``);
  }
}

function isMapping(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Line and column of a member's key, of a list's item, or of the whole file. */
function lineOf(document: Document, lines: LineCounter, at: Place): string {
  const parent = document.getIn(at.slice(0, -1), true);
  const pair = isMap(parent)
    ? parent.items.find(({ key }) => isScalar(key) && key.value === at.at(-1))
    : undefined;
  const node = pair === undefined ? document.getIn(at, true) : pair.key;
  const { line, col } = lines.linePos((isNode(node) && node.range?.[0]) || 0);
  return `${Math.max(line, 1)}:${Math.max(col, 1)}`;
}

/** `users[0].id: `, or nothing for the whole file. */
function nameOf(at: Place): string {
  const name = at.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
  return name === '' ? '' : `${name.replace(/^\./, '')}: `;
}

function words(names: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``).join(', ');
  return names.length === 1 ? quoted : `one of ${quoted}`;
}
