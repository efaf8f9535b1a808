import type { Json, JsonObject, Operation } from '../../model/index.ts';
import { parsePath, valueAt } from '../../policy/paths.ts';
import { commentAt, writeYaml } from '../../policy/write-yaml.ts';
import type { Plan, PlannedRule, PlannedTool } from './plan.ts';

/** The time of every case's own call: what comes before it is on the same day. */
const NOON = Date.UTC(2026, 0, 1, 12);
const SECOND = 1000;
/** A case that takes more calls, or more groups of calls, would be slow to run and long to read. */
const MAX_CALLS = 20_000;
const MAX_GROUPS = 100;

/** The test file of a plan's policy: every rule is seen to pass, to fail, and to be used up. */
export function writeCases(policyFile: string, plan: Plan, all: readonly Operation[]): string {
  const listed = plan.tools.map(({ operation }) => operation);
  const other = all.find((operation) => !listed.includes(operation));
  const cases = plan.tools.flatMap((tool) => casesOf(tool, plan.sessionCeiling));
  const unlisted = {
    name: 'a tool that is not listed',
    call: other?.operationId ?? '',
    expect: { deny: 'not_listed' },
  };
  const document = {
    policy: policyFile,
    at: new Date(NOON).toISOString().replace('.000', ''),
    callers: { ann: { sub: 'ann' } },
    cases: other === undefined ? cases : [...cases, unlisted],
  };
  const head = [
    `What ${policyFile} promises. Run with \`portcullis test\`; change it together with the policy.`,
  ];
  return writeYaml(document, new Map([[commentAt([]), head]]));
}

function casesOf(tool: PlannedTool, ceiling: number): readonly JsonObject[] {
  const { operation, sample, invalid, rules } = tool;
  const call = operation.operationId;
  const one = (name: string, args: JsonObject, expect: Json): JsonObject => {
    return { name: `${call}: ${name}`, caller: 'ann', call, args, expect };
  };
  return [
    one('a call as it is meant', sample, 'allow'),
    ...invalid.map(({ name, args }) => one(name, args, { deny: 'invalid_arguments' })),
    ...rules.flatMap(({ rule, denied, passing }) => [
      ...(denied === undefined ? [] : [one(rule.name, denied, { deny: 'denied_by_rule', rule: rule.name })]),
      ...(passing === undefined ? [] : [one(`${rule.name}, but near it`, passing, 'allow')]),
    ]),
    ...rules.flatMap((each) =>
      usedUp(each, tool, ceiling).map((more) => ({
        ...one(`${each.rule.name}, and one more`, sample, null),
        ...more,
      })),
    ),
  ];
}

/** How a limit comes to be used up while every other limit of the tool has room; none where that takes too much. */
function usedUp(
  planned: PlannedRule,
  { operation, rules, sample }: PlannedTool,
  ceiling: number,
): readonly JsonObject[] {
  const calls = callsUntilUsedUp(planned, sample);
  if (calls === null || calls > MAX_CALLS) return [];
  const { rateLimit, amountLimit, name: rule } = planned.rule;
  const others = rules.flatMap((each) =>
    each === planned || each.rule.rateLimit === null ? [] : [each.rule.rateLimit],
  );
  const smaller = others.filter(
    ({ max }) => max <= calls && (amountLimit !== null || rateLimit?.per !== 'session'),
  );
  const atOnce = Math.min(calls, ...smaller.map(({ max }) => max));
  const apartMs = Math.max(0, ...smaller.map(({ window }) => window.ms + window.ms / 30));
  const sessions = smaller.every(({ per }) => per === 'session') ? ceiling : 1;
  const count = Math.ceil(calls / atOnce);
  const groups = Math.ceil(count / sessions);
  const spanMs = (rateLimit ?? amountLimit)?.window.ms ?? 0;
  if (count > MAX_GROUPS || groups * apartMs > spanMs - spanMs / 30) return [];
  const given = Array.from({ length: count }, (_, i) => {
    const group = Math.floor(i / sessions);
    return {
      call: operation.operationId,
      args: sample,
      times: Math.min(atOnce, calls - i * atOnce),
      ...(sessions === 1 || smaller.length === 0 ? {} : { session: `s${(i % sessions) + 1}` }),
      ...(apartMs === 0 ? {} : { at: timeOf(NOON - (groups - group) * apartMs) }),
    };
  });
  return [{ given, expect: { deny: rateLimit === null ? 'budget_exceeded' : 'rate_limited', rule } }];
}

function callsUntilUsedUp({ rule }: PlannedRule, sample: JsonObject): number | null {
  const { rateLimit, amountLimit } = rule;
  if (amountLimit === null) return rateLimit?.max ?? null;
  const { increment, bound } = amountLimit;
  const path = 'from' in increment ? (parsePath(increment.from)?.path ?? []) : [];
  const amount = 'from' in increment ? valueAt(sample, path) : increment.fixed;
  return typeof amount === 'number' ? Math.floor(bound.value / amount) : null;
}

function timeOf(ms: number): string {
  return new Date(Math.floor(ms / SECOND) * SECOND).toISOString().replace('.000', '');
}
