import { denyCodes, type Expected, wouldCodes } from './cases.ts';
import { readFields, readInteger, readText, readWord } from './fields.ts';
import { describe, type Located, type LocatedMap, type Report } from './located.ts';

/** A year: no window is longer. */
export const MAX_WAIT_S = 366 * 86_400;

export const ALLOW_KEYS = ['allow', 'would'] as const;
export const DENIAL_KEYS = ['deny', 'rule', 'retry_after_s', 'reason'] as const;
export const WOULD_KEYS = ['code', 'rule'] as const;

/** What is expected of a call: `allow`, `{ allow: true, would }` or `{ deny: CODE, rule, retry_after_s, reason }`. */
export function readExpected(node: Located, report: Report): Expected | null {
  if (node.kind === 'map') return readMap(node, report);
  if (node.kind === 'scalar' && node.value === 'allow') return { verdict: 'allow' };
  const expected = '`allow`, `{ allow: true, would: CODE }` or `{ deny: CODE, rule: NAME }`';
  report.error(node.at, 'wrong_value', `expected ${expected}; found ${describe(node)}`);
  return null;
}

function readMap(node: LocatedMap, report: Report): Expected | null {
  const isDenial = node.entries.some(({ key }) => key === 'deny');
  const isAllow = node.entries.some(({ key }) => key === 'allow');
  if (isDenial && !isAllow) return readDenial(node, report);
  if (isAllow && !isDenial) return readAllow(node, report);
  const keys = [...ALLOW_KEYS, ...DENIAL_KEYS];
  const fields = readFields(node, '`expect`', keys, report);
  report.error(
    fields?.at ?? node.at,
    'missing_key',
    'expected `allow` or `deny` in `expect`, one of the two',
  );
  return null;
}

function readDenial(node: LocatedMap, report: Report): Expected | null {
  const keys = DENIAL_KEYS;
  const hints = { would: 'beside a denial there is nothing that observe mode held back' };
  const fields = readFields(node, 'an expected denial', keys, report, hints);
  const [deny, rule, wait, reason] = keys.map((key) => fields?.get(key));
  const span = { what: '`retry_after_s`', min: 1, max: MAX_WAIT_S };
  return {
    verdict: 'deny',
    ...member('code', deny && readWord(deny, denyCodes, report)),
    ...member('rule', rule && readText(rule, '`rule`', report)),
    ...member('retry_after_s', wait && readInteger(wait, span, report)),
    ...member('reason', reason && readText(reason, '`reason`', report)),
  };
}

function readAllow(node: LocatedMap, report: Report): Expected | null {
  const hints = {
    rule: '`rule` of an observed denial is written `would: { code: CODE, rule: NAME }`',
  };
  const fields = readFields(node, 'an expected allow', ALLOW_KEYS, report, hints);
  const allow = fields?.get('allow');
  const isYes = allow?.kind === 'scalar' && (allow.value === true || allow.value === null);
  if (allow !== undefined && !isYes) {
    const message = `expected \`allow: true\`, or \`deny: CODE\` in its place; found ${describe(allow)}`;
    report.error(allow.at, 'wrong_value', message);
  }
  const would = fields?.get('would');
  return { verdict: 'allow', ...(would === undefined ? {} : readWould(would, report)) };
}

/** The code that observe mode held back, alone or with its rule; or the word `nothing`. */
function readWould(node: Located, report: Report): Expected {
  if (node.kind !== 'map') {
    const word = readWord(node, ['nothing', ...wouldCodes], report);
    return { would: word === 'nothing' ? null : word };
  }
  const fields = readFields(node, '`would`', WOULD_KEYS, report);
  const [code, rule] = WOULD_KEYS.map((key) => fields?.get(key));
  if (code === undefined) report.error(node.at, 'missing_key', 'expected `code` in `would`');
  return {
    ...member('would', code && readWord(code, wouldCodes, report)),
    ...member('would_rule', rule && readText(rule, '`rule`', report)),
  };
}

/** A member that is written and right; one that is wrong is reported and left out. */
function member(name: keyof Expected, value: string | number | null | undefined): Expected {
  return value === undefined || value === null ? {} : { [name]: value };
}
