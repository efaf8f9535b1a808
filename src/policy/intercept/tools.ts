import type { Operation, Position, Rule, ToolRules } from '../../model/index.ts';
import { readFields, readList } from '../fields.ts';
import { clip, describe, type Located } from '../located.ts';
import { commentAt } from '../write-yaml.ts';
import type { Findings } from './findings.ts';
import { globWords, idOf, missing, tellOfClientName } from './names.ts';
import { findTool, type Place } from './places.ts';
import { given, type TranslatedRule, translateRule } from './rule.ts';

/** A file while it is translated. */
export interface Importing {
  readonly tools: readonly Operation[] | null;
  readonly isDeny: boolean;
  readonly findings: Findings;
  readonly lines: readonly string[];
  readonly comments: Map<string, string[]>;
}

/** What is written under one key, which several keys of the file may have become. */
interface Target {
  readonly place: Place;
  readonly rules: Rule[];
}

/** What stands under `tools`, a key for each tool that there is here. */
export function translateTools(node: Located | undefined, importing: Importing): readonly ToolRules[] {
  const { findings } = importing;
  if (node === undefined) return [];
  if (node.kind !== 'map') {
    findings.report.error(
      node.at,
      'wrong_type',
      `expected \`tools\`, a mapping of tools; found ${describe(node)}`,
    );
    return [];
  }
  const targets = new Map<string, Target>();
  for (const { key, at, value } of node.entries) {
    const place = placeFor(key, at, importing);
    const rules = readRules(value, importing);
    if (place === null) continue;
    const target = targets.get(idOf(place)) ?? { place, rules: [] };
    if (targets.has(idOf(place)))
      findings.add(
        'same',
        at,
        'merged',
        `\`${clip(key)}\` is the same tool as \`${target.place.source}\` here; both keys' rules apply`,
      );
    targets.set(idOf(place), target);
    addComments(['tools', target.place.key], at, importing);
    for (const item of rules) addRule(translateRule(item, place, findings), target, importing);
  }
  return Array.from(targets.values(), ({ place, rules }) => ({
    key: place.key,
    arguments: null,
    secrets: null,
    rules,
  }));
}

function placeFor(key: string, at: Position, { tools, isDeny, findings }: Importing): Place | null {
  const found = findTool(key, tools);
  if (found.found === 'nothing' || found.found === 'misspelt') {
    missing(key, found, at, findings);
    return null;
  }
  if (found.found === 'glob') {
    if (!isDeny) findings.add('differs', at, 'glob', globWords(key, 'holds for'));
    else {
      const refused = `${globWords(key, 'would let through')}; name the tools one by one`;
      findings.refuse({ refused, code: 'glob', at });
      return null;
    }
  } else if (found.clientName) tellOfClientName(key, found.place, at, findings);
  return found.place;
}

function readRules(node: Located, { findings }: Importing): readonly Located[] {
  if (node.kind === 'scalar' && node.value === null) return [];
  const fields = readFields(node, 'a tool', ['rules'], findings.report);
  const list = fields === null ? undefined : given(fields, 'rules');
  return list === undefined ? [] : (readList(list, '`rules`', 'may be empty', findings.report) ?? []);
}

function addRule(translated: TranslatedRule | null, { place, rules }: Target, importing: Importing): void {
  if (translated === null) return;
  const { rule, at, refused, told } = translated;
  const name = freeName(rule.name, place.key, rules);
  if (name !== rule.name)
    importing.findings.add(
      'same',
      at,
      'name',
      `the name is taken, and names are unique here; written as \`${clip(String(name))}\``,
    );
  const path = ['tools', place.key, 'rules', rules.length];
  addComments(path, at, importing);
  const why = refused.map((each) => `Not carried over: ${each}.`);
  if (why.length > 0)
    importing.comments.set(commentAt(path), [...(importing.comments.get(commentAt(path)) ?? []), ...why]);
  else if (!told) importing.findings.add('same', at, 'rule', 'means the same here');
  rules.push({ ...rule, name });
}

/** A name that no rule under the key has, also not one that has none of its own. */
function freeName(name: string | null, key: string, rules: readonly Rule[]): string | null {
  if (name === null) return null;
  const isTaken = (text: string) =>
    rules.some((rule) => rule.name === text) || (text.startsWith(`${key}#`) && /#[0-9]+$/.test(text));
  if (!isTaken(name)) return name;
  for (let n = 2; ; n++) if (!isTaken(`${name} (${n})`)) return `${name} (${n})`;
}

/** The whole lines of comment right above a line. */
function addComments(path: readonly (string | number)[], at: Position, { lines, comments }: Importing): void {
  const above: string[] = [];
  for (let line = at.line - 2; /^\s*#/.test(lines[line] ?? ''); line--)
    above.unshift((lines[line] ?? '').replace(/^\s*#+\s?/, '').trim());
  if (above.length > 0) comments.set(commentAt(path), [...(comments.get(commentAt(path)) ?? []), ...above]);
}
