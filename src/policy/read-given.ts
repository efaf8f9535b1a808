import type { Instant } from '../model/index.ts';
import type { CaseCall, Expected, GivenCall } from './cases.ts';
import { readFields, readInteger, readWord } from './fields.ts';
import { describe, type Located } from './located.ts';
import { type CaseScope, readCall, readTimeOf, toolNamed } from './read-call.ts';
import { readExpected } from './read-expected.ts';
import { readShortGiven } from './short-given.ts';

export const GIVEN_KEYS = [
  'call',
  'args',
  'times',
  'caller',
  'session',
  'transport',
  'at',
  'outcome',
  'settled_at',
  'expect',
] as const;
export const OUTCOMES = ['ok', 'upstream_error', 'unreached'] as const;
export const TIMES = { what: '`times`', min: 1, max: 100_000 };
const SHORT = '`N calls of TOOL { ARGS }`';
/** A call that has been made was allowed, unless the file says otherwise. */
const ALLOWED: Expected = { verdict: 'allow' };

/**
 * The calls that were made before a case's own: the short form, or a list of calls and short forms.
 *
 * @param call the case's own call: caller, session, transport and time of a given call are as there if left out.
 */
export function readGiven(node: Located, call: CaseCall, scope: CaseScope): readonly GivenCall[] {
  if (node.kind === 'scalar') return readShort(node, call, scope);
  if (node.kind === 'map') {
    scope.report.error(node.at, 'wrong_type', `expected \`given\`, ${SHORT} or a list of calls`);
    return [];
  }
  let latest = Number.NEGATIVE_INFINITY;
  return node.items.flatMap((item) => {
    const given = item.kind === 'scalar' ? readShort(item, call, scope) : readItem(item, call, scope);
    for (const { at, place } of given) {
      const problem = wrongOrder(at, latest, call.at);
      if (problem !== null) scope.report.error(place, 'order', problem);
      latest = at;
    }
    return given;
  });
}

function wrongOrder(at: Instant, latest: Instant, end: Instant): string | null {
  if (at > end) return "expected a given call not after the case's own `at`";
  if (at >= latest) return null;
  return "expected given calls in the order of their times; one without `at` happens at the case's own";
}

function readShort(node: Located, call: CaseCall, scope: CaseScope): readonly GivenCall[] {
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : '';
  const short = readShortGiven(text, node.at, scope.report);
  if (short === null || short.times > TIMES.max) {
    const expected = `${SHORT}, N from 1 to ${TIMES.max}, or a list of calls`;
    scope.report.error(node.at, 'wrong_value', `expected ${expected}; found ${describe(node)}`);
    return [];
  }
  const { times, args } = short;
  const tool = toolNamed(short.tool, node, scope);
  const fate = { outcome: 'ok', settledAt: call.at, expect: ALLOWED } as const;
  return [{ ...call, ...fate, tool, args, times, place: node.at }];
}

function readItem(node: Located, call: CaseCall, scope: CaseScope): readonly GivenCall[] {
  const { report } = scope;
  const fields = readFields(node, 'a given call', GIVEN_KEYS, report);
  if (fields === null) return [];
  if (!fields.has('call')) report.error(fields.at, 'missing_key', 'expected `call` in a given call');
  const [times, outcome, expected] = ['times', 'outcome', 'expect'].map((key) => fields.get(key));
  const own = readCall(fields, { ...call, tool: '', args: {} }, scope);
  const settledAt = readTimeOf(fields, 'settled_at', own.at, scope);
  if (settledAt < own.at) {
    report.error(fields.placeOf('settled_at'), 'order', 'expected `settled_at` not before `at`');
  }
  return [
    {
      ...own,
      place: fields.has('at') ? fields.placeOf('at') : fields.placeOf('call'),
      times: (times && readInteger(times, TIMES, report)) ?? 1,
      outcome: (outcome && readWord(outcome, OUTCOMES, report)) ?? 'ok',
      settledAt,
      expect: (expected && readExpected(expected, report)) ?? ALLOWED,
    },
  ];
}
