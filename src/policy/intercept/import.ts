import type { Operation, Policy, Position, Rule, ToolRules } from '../../model/index.ts';
import { type Fields, readFields, readList, readText, readWord } from '../fields.ts';
import { describe, type Located } from '../located.ts';
import { readYaml } from '../parse.ts';
import { writePolicy } from '../print.ts';
import { commentAt } from '../write-yaml.ts';
import { type Finding, Findings } from './findings.ts';
import { findTool, type Place } from './places.ts';
import { given, translateRule, type TranslatedRule } from './rule.ts';

/** Which of the three ways of writing Intercept policies a file is in. */
export type Dialect = 'open source, version "1"' | 'tool catalogue' | 'download';

/** A policy of Intercept as one of ours, or why there is none. Findings stand in the order of the file. */
export type Imported =
  | {
      readonly ok: true;
      readonly dialect: Dialect;
      /** The policy as a file, with comments. */
      readonly text: string;
      readonly findings: readonly Finding[];
    }
  | { readonly ok: false; readonly findings: readonly Finding[] };

const KEYS = ['version', 'description', 'default', 'hide', 'tools'];
const HINTS = { rules: '`rules` belongs under a tool in `tools`' };

/**
 * Reads a policy file of Intercept and says the same in the language of this project.
 *
 * @param tools what the policy may speak of; null where tools are not known. Never throws.
 */
export function importIntercept(text: string, tools: readonly Operation[] | null): Imported {
  const findings = new Findings();
  const root = readYaml(text.replace(/^\uFEFF/, ''), findings.report);
  const fields =
    root === null ? null : readFields(root, 'a policy of Intercept', KEYS, findings.report, HINTS);
  if (fields === null) return { ok: false, findings: findings.unreadable() };
  checkVersion(fields, findings);
  const description = given(fields, 'description');
  const isDeny = readDefault(fields, tools, findings) === 'deny';
  const policy: Policy = {
    description: description === undefined ? null : readText(description, '`description`', findings.report),
    mode: 'enforce',
    default: isDeny ? 'deny' : 'allow',
    list: 'all',
    sessionCeiling: 10,
    hide: translateHide(fields, tools, findings),
    grants: null,
    tools: [],
  };
  const comments = new Map<string, string[]>();
  const lines = text.split('\n');
  const importing: Importing = { tools, isDeny, findings, lines, comments };
  const translated = translateTools(given(fields, 'tools'), importing);
  if (findings.report.errors > 0) return { ok: false, findings: findings.unreadable() };
  const dialect = dialectOf(fields, text);
  comments.set('[]', [
    `Imported from an Intercept policy (${dialect}); docs/migration.md tells what differs.`,
  ]);
  return {
    ok: true,
    dialect,
    text: writePolicy({ ...policy, tools: translated }, comments),
    findings: findings.inOrder(),
  };
}

interface Importing {
  readonly tools: readonly Operation[] | null;
  readonly isDeny: boolean;
  readonly findings: Findings;
  readonly lines: readonly string[];
  readonly comments: Map<string, string[]>;
}

function dialectOf(fields: Fields, text: string): Dialect {
  if (fields.has('version')) return 'open source, version "1"';
  return /\b(?:action: *["']?allow|reason:|max:|validate:)/.test(text) ? 'tool catalogue' : 'download';
}

function checkVersion(fields: Fields, { report }: Findings): void {
  const node = fields.get('version');
  if (node === undefined || (node.kind === 'scalar' && node.source === '1')) return;
  report.error(node.at, 'version', `expected version "1", the only one; found ${describe(node)}`);
}

function readDefault(fields: Fields, tools: Importing['tools'], findings: Findings): 'allow' | 'deny' {
  const node = given(fields, 'default');
  const at = fields.placeOf('default');
  const isEmpty = node === undefined || (node.kind === 'scalar' && node.value === '');
  const word = isEmpty ? 'allow' : (readWord(node, ['allow', 'deny'], findings.report) ?? 'deny');
  if (isEmpty) {
    const names = tools === null ? '' : `: all ${tools.length} tools here, but for what their rules deny`;
    findings.add('same', at, 'default', `left out, which means allow; written as \`default: allow\`${names}`);
  }
  return word;
}

function translateHide(fields: Fields, tools: Importing['tools'], findings: Findings): readonly string[] {
  const node = given(fields, 'hide');
  const items = node === undefined ? [] : (readList(node, '`hide`', 'may be empty', findings.report) ?? []);
  const hidden = new Map<string, string>();
  for (const item of items) {
    const name = readText(item, 'a tool', findings.report);
    if (name === null) continue;
    const found = findTool(name, tools);
    if (found.found === 'nothing' || found.found === 'misspelt') {
      missing(name, found, item.at, findings);
      continue;
    }
    const words = 'a hidden tool answers as one that does not exist, not with a denial that tells of it';
    findings.once('differs', item.at, 'hidden', words);
    if (found.found === 'glob') findings.add('differs', item.at, 'glob', globWords(name, 'hides'));
    else if (found.clientName) tellOfClientName(name, found.place, item.at, findings);
    hidden.set(idOf(found.place), found.place.key);
  }
  return [...hidden.values()];
}

/** The same for both names of a tool. */
function idOf({ key, tools }: Place): string {
  return key.includes('*') ? key : (tools?.[0]?.name ?? key);
}

function globWords(name: string, does: string): string {
  return `\`*\` within a name is no wildcard in Intercept; here \`${name}\` ${does} every tool that it matches`;
}

function missing(
  name: string,
  found: { readonly found: string; readonly name?: string },
  at: Position,
  findings: Findings,
): void {
  if (found.found === 'misspelt') {
    const words = `unknown tool \`${name}\`; did you mean \`${found.name}\`?`;
    findings.report.error(at, 'unknown_tool', words);
  } else findings.add('left_out', at, 'unknown_tool', `\`${name}\` is no tool of this server`);
}

/** What is written under one key, which several keys of the file may have become. */
interface Target {
  readonly place: Place;
  readonly rules: Rule[];
}

function translateTools(node: Located | undefined, importing: Importing): readonly ToolRules[] {
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
        `\`${key}\` is the same tool as \`${target.place.source}\` here; both keys' rules apply`,
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
  } else if (found.clientName)
    findings.add(
      'same',
      at,
      'client_name',
      `\`${key}\` is FusionAuth's client name of \`${found.place.key}\``,
    );
  return found.place;
}

function tellOfClientName(name: string, { key }: Place, at: Position, findings: Findings): void {
  findings.add('same', at, 'client_name', `\`${name}\` is FusionAuth's client name of \`${key}\``);
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
      `the name is taken, and names are unique here; written as \`${name}\``,
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
