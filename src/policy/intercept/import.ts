import type { Operation, Policy } from '../../model/index.ts';
import { type Fields, readFields, readList, readText, readWord } from '../fields.ts';
import { describe } from '../located.ts';
import { readYaml } from '../parse.ts';
import { writePolicy } from '../print.ts';
import { commentAt } from '../write-yaml.ts';
import { type Finding, Findings } from './findings.ts';
import { globWords, idOf, missing, tellOfClientName } from './names.ts';
import { findTool } from './places.ts';
import { given, textIn } from './rule.ts';
import { type Importing, translateTools } from './tools.ts';

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
  const isDeny = readDefault(fields, tools, findings) === 'deny';
  const policy: Policy = {
    description: textIn(fields, 'description', findings.report),
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
  comments.set(commentAt([]), [
    `Imported from an Intercept policy (${dialect}); docs/migration.md tells what differs.`,
  ]);
  return {
    ok: true,
    dialect,
    text: writePolicy({ ...policy, tools: translated }, comments),
    findings: findings.inOrder(),
  };
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
