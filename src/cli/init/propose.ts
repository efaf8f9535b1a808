import { operations } from '../../catalog/operations.ts';
import type { Json, JsonObject, Path } from '../../model/index.ts';
import { isObject } from '../../policy/paths.ts';
import type { Observations, ObservedTool } from './observations.ts';
import type { Peak } from './peaks.ts';
import { callsRule, type Plan, type PlannedRule, type PlannedTool } from './plan.ts';
import { sampleArgs, withArgs } from './sample.ts';

/** The tightest policy that allows what was observed: its tools, its arguments, and as many calls as there were. */
export function planProposal(observed: Observations): Plan {
  const { totals, callers, span } = observed;
  const tools = operations.flatMap(({ name }) => observed.tools.get(name) ?? []);
  const limited = tools.map((tool) => ({ tool, limits: limitsOf(tool) }));
  const ceiling = Math.max(1, ...limited.map(({ limits }) => limits.sessions));
  return {
    head: [
      `Proposed by \`portcullis init --from\`: the tightest policy that allows the ${count(totals.calls, 'call')} of ${count(callers.size, 'caller')} that were`,
      `recorded from ${span.from} to ${span.to}, in any order.`,
      ...notes(observed),
      'Every bound is what was seen, with nothing to spare: widen what ought to be wider, then try it with `portcullis replay`.',
    ],
    description: 'What was recorded, and no more.',
    sessionCeiling: ceiling,
    others: ['Tools that nobody used are not listed, so nobody can call them.'],
    tools: limited.map(({ tool, limits }) => planTool(tool, limits.rules)),
  };
}

function notes({ totals }: Observations): readonly string[] {
  const { denied, observed, unfinished } = totals;
  return [
    ...(denied === 0 ? [] : [`${count(denied, 'denied call')} had no say in it.`]),
    ...(observed === 0
      ? []
      : [
          `${count(observed, 'call')} went through because a policy only observed; look whether they should.`,
        ]),
    ...(unfinished === 0
      ? []
      : [`${count(unfinished, 'call')} that began and has no end in these files is counted in.`]),
  ];
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

interface Limits {
  readonly rules: readonly PlannedRule[];
  /** How many times the limit of a session all sessions of one identity together came to, at least 1. */
  readonly sessions: number;
}

/** A limit of a session that the one of its identity always stops first says nothing, and is left out. */
function limitsOf(tool: ObservedTool): Limits {
  const [session, identity, hour] = [
    tool.sessions.peak(),
    tool.identities.peak(),
    tool.identitiesAnHour.peak(),
  ];
  const anHour = limitRule(`${hour.max} in an hour`, hour, { seconds: 3600, per: 'identity' });
  if (hour.max <= session.max) return { rules: [anHour], sessions: 1 };
  const aMinute = limitRule(`${session.max} in a minute`, session, { seconds: 60, per: 'session' });
  return { rules: [aMinute, anHour], sessions: Math.ceil(identity.max / session.max) };
}

function limitRule(
  name: string,
  { max, at }: Peak,
  { seconds, per }: { readonly seconds: number; readonly per: 'identity' | 'session' },
): PlannedRule {
  const length = seconds === 3600 ? 'hour' : 'minute';
  const why = `The most that one ${per} made in any ${length}, up to ${new Date(at).toISOString()}.`;
  return { rule: callsRule(name, { max, seconds, per }), why: [why] };
}

function planTool(
  { operation, calls, callers, shape }: ObservedTool,
  rules: readonly PlannedRule[],
): PlannedTool {
  const why = new Map<string, readonly string[]>();
  const schema = shape?.schema([], why) ?? null;
  const sample = sampleArgs(operation, schema);
  const unbounded = shape === null ? [' The arguments of some were not recorded, so none are bounded.'] : [];
  return {
    operation,
    why: [`${count(calls, 'call')} of ${count(callers.size, 'caller')}.${unbounded.join('')}`],
    arguments: schema === null ? null : { schema, why },
    secrets: null,
    rules,
    sample,
    invalid:
      schema === null
        ? []
        : [...tooLarge(shape?.numbers() ?? [], sample), ...unused(operation.schema, schema, sample)],
  };
}

type Invalid = PlannedTool['invalid'];

function tooLarge(
  numbers: readonly { readonly path: Path; readonly max: number }[],
  sample: JsonObject,
): Invalid {
  return numbers.map(({ path, max }) => {
    const args = path.reduceRight<Json>((value, step) => ({ [step]: value }), max + 1);
    return {
      name: `more ${path.join('.')} than recorded`,
      args: withArgs(sample, args as JsonObject),
    };
  });
}

/** The first argument of the tool that nobody gave. */
function unused({ properties }: JsonObject, schema: JsonObject, sample: JsonObject): Invalid {
  const used = isObject(schema['properties']) ? schema['properties'] : {};
  const name = isObject(properties)
    ? Object.keys(properties).find((each) => !Object.hasOwn(used, each))
    : undefined;
  if (name === undefined || name === 'body') return [];
  return [{ name: `\`${name}\`, which nobody gave`, args: { ...sample, [name]: 'x' } }];
}
