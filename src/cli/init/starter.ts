import type { JsonObject, Kind, Operation, Rule } from '../../model/index.ts';
import { type Comments, commentAt } from '../../policy/write-yaml.ts';
import { callsRule, type Plan, type PlannedRule, type PlannedTool } from './plan.ts';
import { argumentsFor, BOUNDS, EXTRAS, type Risk } from './risks.ts';
import { sampleArgs, withArgs } from './sample.ts';

/** A starting policy for tools of the catalog, as careful as the risk asks for. */
export function planStarter(chosen: readonly Operation[], risk: Risk): Plan {
  return {
    head: [
      `A starting policy for ${chosen.length === 1 ? 'one tool' : `${chosen.length} tools`}, made by \`portcullis init\` for ${risk} risk. Every number in it is a`,
      'proposal: change it, run `portcullis check` and `portcullis test`, and keep the tests beside it.',
    ],
    description: `A start for ${risk} risk.`,
    sessionCeiling: 10,
    others: ['What is not listed below cannot be called, and `list: callable` does not show it.'],
    tools: chosen.map((operation) => planTool(operation, risk)),
  };
}

const KINDS: Readonly<Record<Kind, string>> = {
  read: 'Reads; nothing of it is secret.',
  reveal: 'Reveals who has sessions. The refresh tokens themselves are shown as fingerprints.',
  mint: 'Makes credentials, which the agent is given.',
  revoke: 'Ends sessions, and cannot be undone.',
};

function planTool(operation: Operation, risk: Risk): PlannedTool {
  const schema = argumentsFor(operation, risk);
  const sample = sampleArgs(operation, schema);
  const { lifetime } = BOUNDS[risk];
  const tooLong = withArgs(sample, { body: { timeToLiveInSeconds: lifetime + 1 } });
  return {
    operation,
    why: [KINDS[operation.kind]],
    arguments: schema === null ? null : { schema, why: whyBounds(lifetime) },
    secrets: operation.kind === 'reveal' ? 'fingerprint' : null,
    rules: [...extrasOf(operation, risk, sample), limitOf(operation, risk), ...budgetOf(operation, risk)],
    sample,
    invalid: schema === null ? [] : [{ name: `a lifetime of more than ${lifetime} seconds`, args: tooLong }],
  };
}

function whyBounds(lifetime: number): Comments {
  return new Map([[commentAt([]), [`Nobody asks for a token that lives longer than ${lifetime} seconds.`]]]);
}

function extrasOf({ operationId }: Operation, risk: Risk, sample: JsonObject): readonly PlannedRule[] {
  const own = EXTRAS.filter(
    (extra) => extra.operationId === operationId && extra.from <= BOUNDS[risk].strictness,
  );
  return own.map(({ rule, why, denied, passing }) => ({
    rule: { ...rule, name: rule.name ?? '' },
    why: [why],
    denied: denied(sample),
    ...(passing === undefined ? {} : { passing: passing(sample) }),
  }));
}

const PERIODS: Readonly<Record<60 | 3600, string>> = { 60: 'a minute', 3600: 'an hour' };

function limitOf({ kind }: Operation, risk: Risk): PlannedRule {
  const { max, window } = BOUNDS[risk].calls[kind];
  const rule = callsRule(`${max} ${PERIODS[window]}`, { max, seconds: window, per: 'identity' });
  return { rule, why: ['Per identity, so that a new session brings no new budget.'] };
}

/** Many short tokens are a long one: under low risk their lifetimes are added up. */
function budgetOf({ operationId }: Operation, risk: Risk): readonly PlannedRule[] {
  if (operationId !== 'vendJWTWithId' || risk !== 'low') return [];
  const rule: Rule = {
    ...callsRule('', { max: 1, seconds: 60, per: 'identity' }),
    rateLimit: null,
    amountLimit: {
      counter: 'lifetime',
      window: { kind: 'calendar', ms: 86_400_000 },
      per: 'identity',
      increment: { from: 'args.body.timeToLiveInSeconds' },
      bound: { op: 'lte', value: 3600 },
    },
    because: 'This identity has made an hour of token lifetime today.',
  };
  const why = ['Many short tokens are a long one: their lifetimes are added up, for each day.'];
  return [{ rule: { ...rule, name: 'an hour of lifetime a day' }, why }];
}
