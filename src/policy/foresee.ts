import type { Claim, PolicyCode, RuleId, Would } from '../model/index.ts';
import { inUnits } from './amounts.ts';
import type { PreparedCondition, Roots } from './conditions.ts';
import type { DecisionContext } from './decide.ts';
import { type DimCall, hasUnseenSchema } from './dim-call.ts';
import { valueAt } from './paths.ts';
import type { PreparedPolicy, PreparedRule, PreparedTool } from './prepare.ts';
import type { PreparedLimit } from './prepare-limits.ts';
import { rootsOf } from './roots.ts';
import { counterOf, type Subjects, subjectsOf } from './subjects.ts';

/** Every way that a decision can end, whatever stands where nothing can be seen; maybe more ways, never fewer. */
export interface Foreseen {
  readonly denials: readonly { readonly code: PolicyCode; readonly rule: RuleId | null }[];
  /** null: it is denied for certain. */
  readonly allow: {
    /** What observing would have done; more than one where that is not certain. */
    readonly would: readonly (Would | null)[];
    /** What is claimed for certain, where the call is allowed. */
    readonly claims: readonly Claim[];
    /** What may be claimed beside that; where an amount is not known, all that its counter may hold. */
    readonly perhaps: readonly Claim[];
    readonly observing: boolean;
  } | null;
}

/**
 * What a policy can say of a call of which not everything can be seen: `decide` with sets in place of values. Where
 * everything is seen there is one way, and it is that of `decide`. Null where the call is for no tool, or a hidden one.
 */
export function foresee(prepared: PreparedPolicy, dim: DimCall, context: DecisionContext): Foreseen | null {
  const tool = prepared.tool(dim.call.tool);
  if (tool === null || tool.hidden) return null;
  return new Foreseeing(prepared, tool, dim, context).run();
}

/** How a check can go. */
type Chance = 'never' | 'maybe' | 'always';

interface Failure {
  readonly code: PolicyCode;
  readonly rule: RuleId | null;
  readonly chance: Exclude<Chance, 'never'>;
  readonly observed: boolean;
}

/** One decision that is foreseen. Its life is one `foresee`. */
class Foreseeing {
  private readonly failures: Failure[] = [];
  private readonly claims: Claim[] = [];
  private readonly perhaps: Claim[] = [];
  private readonly observing: boolean;
  private readonly roots: Roots;
  private readonly subjects: Subjects;
  private readonly prepared: PreparedPolicy;
  private readonly tool: PreparedTool;
  private readonly dim: DimCall;

  constructor(prepared: PreparedPolicy, tool: PreparedTool, dim: DimCall, context: DecisionContext) {
    this.prepared = prepared;
    this.tool = tool;
    this.dim = dim;
    this.observing = prepared.policy.mode === 'observe';
    this.roots = rootsOf(dim.call, tool.kind, context);
    this.subjects = subjectsOf(context.caller);
  }

  /** The stages of `decide`, in its order. */
  run(): Foreseen {
    if (this.prepared.policy.default === 'deny' && !this.tool.listed) {
      this.fail({ code: 'not_listed', rule: null, chance: 'always', observed: this.observing });
    }
    this.checkGrants();
    this.checkArguments();
    for (const rule of this.tool.rules) this.checkRule(rule);
    for (const [i, rule] of this.tool.limited) this.count(rule, i);
    return this.conclude();
  }

  private conclude(): Foreseen {
    const blocking = upToCertain(this.failures.filter(({ observed }) => !observed));
    const denials = blocking.map(({ code, rule }) => ({ code, rule }));
    if (isCertain(blocking)) return { denials, allow: null };
    const watched = upToCertain(this.failures.filter(({ observed }) => observed));
    const would: readonly (Would | null)[] = [
      ...watched.map(({ code, rule }) => ({ code, rule })),
      ...(isCertain(watched) ? [] : [null]),
    ];
    const { observing } = this;
    if (!observing || !would.some((each) => each !== null)) {
      return { denials, allow: { would, claims: this.claims, perhaps: this.perhaps, observing } };
    }
    // A call that an observing file would have denied charges nothing.
    const perhaps = would.includes(null) ? [...this.claims, ...this.perhaps] : [];
    return { denials, allow: { would, claims: [], perhaps, observing } };
  }

  private checkGrants(): void {
    const { grants } = this.tool;
    if (grants === null) return;
    const chances = grants.map(({ to }) => this.allHold(to));
    const granted = chances.includes('always') ? 'always' : chances.includes('maybe') ? 'maybe' : 'never';
    this.failUnless(granted, { code: 'not_granted', rule: null, observed: this.observing });
  }

  private checkArguments(): void {
    const { call, mayViolate, places } = this.dim;
    const invalid = { code: 'invalid_arguments', rule: null } as const;
    if (call.violations.length > 0) this.fail({ ...invalid, chance: 'always', observed: false });
    else if (mayViolate) this.fail({ ...invalid, chance: 'maybe', observed: false });
    if (hasUnseenSchema(this.prepared, this.tool, places)) {
      this.fail({ ...invalid, chance: 'maybe', observed: this.observing });
    } else if (this.tool.schemas.some(({ validate }) => validate(call.args).length > 0)) {
      this.fail({ ...invalid, chance: 'always', observed: this.observing });
    }
  }

  private checkRule(rule: PreparedRule): void {
    const code = rule.deny ? 'denied_by_rule' : 'condition_failed';
    const applies = this.applies(rule);
    const passes = rule.deny ? 'never' : this.allHold(rule.conditions);
    const fails = both(applies, opposite(passes));
    if (fails !== 'never') this.fail({ code, rule: rule.id, chance: fails, observed: rule.observe });
  }

  /** A rule that passes is counted; one that may pass may be. */
  private count(rule: PreparedRule, i: number): void {
    const passes = rule.deny ? 'never' : both(this.applies(rule), this.allHold(rule.conditions));
    if (passes === 'never') return;
    const { valid, amount } = this.amountOf(rule);
    if (valid !== 'always') {
      const chance = both(passes, opposite(valid));
      if (chance !== 'never') {
        this.fail({ code: 'invalid_arguments', rule: rule.id, chance, observed: rule.observe });
      }
    }
    const counted = both(passes, valid);
    if (counted === 'never') return;
    const claims = counted === 'always' && amount !== null ? this.claims : this.perhaps;
    const observedRule = rule.observe && !this.observing ? i : null;
    const shared = { rule: rule.id, observedRule, because: rule.because };
    const claim = (prepared: PreparedLimit, cost: number) => {
      const { key: _, ...limit } = prepared;
      claims.push({ ...shared, ...limit, counter: counterOf(this.subjects, prepared), cost });
    };
    for (const limit of rule.calls) claim(limit, 1);
    for (const limit of rule.amounts) {
      claim(limit, amount === null ? limit.max : inUnits(amount, limit.unit));
    }
  }

  /** Whether a rule's amount is one, and which; null where that cannot be seen. */
  private amountOf({ amount }: PreparedRule): { readonly valid: Chance; readonly amount: number | null } {
    if (amount === null) return { valid: 'always', amount: 0 };
    if ('fixed' in amount) return { valid: 'always', amount: amount.fixed };
    const what = this.dim.unseen('args', amount.from);
    if (what !== null) return { valid: what === 'text' ? 'never' : 'maybe', amount: null };
    const value = valueAt(this.dim.call.args, amount.from);
    const isAmount = typeof value === 'number' && Number.isFinite(value) && value >= 0;
    return isAmount ? { valid: 'always', amount: value } : { valid: 'never', amount: null };
  }

  /** Unknown counts as holding in `when`. */
  private applies({ when }: PreparedRule): Chance {
    return all(when, (condition) => {
      const truths = condition.possible(this.roots, this.dim.unseen);
      if (!truths.has('no')) return 'always';
      return truths.size === 1 ? 'never' : 'maybe';
    });
  }

  private allHold(conditions: readonly PreparedCondition[]): Chance {
    return all(conditions, (condition) => {
      const truths = condition.possible(this.roots, this.dim.unseen);
      if (!truths.has('yes')) return 'never';
      return truths.size === 1 ? 'always' : 'maybe';
    });
  }

  private failUnless(passes: Chance, failure: Omit<Failure, 'chance'>): void {
    const chance = opposite(passes);
    if (chance !== 'never') this.fail({ ...failure, chance });
  }

  private fail(failure: Failure): void {
    this.failures.push(failure);
  }
}

/** Failures in order, up to the first that is certain: none behind it can be the first. */
function upToCertain(failures: readonly Failure[]): readonly Failure[] {
  const certain = failures.findIndex(({ chance }) => chance === 'always');
  return certain === -1 ? failures : failures.slice(0, certain + 1);
}

function isCertain(failures: readonly Failure[]): boolean {
  return failures.at(-1)?.chance === 'always';
}

function all<T>(list: readonly T[], chanceOf: (each: T) => Chance): Chance {
  let chance: Chance = 'always';
  for (const each of list) {
    chance = both(chance, chanceOf(each));
    if (chance === 'never') return chance;
  }
  return chance;
}

function both(a: Chance, b: Chance): Chance {
  if (a === 'never' || b === 'never') return 'never';
  return a === 'always' && b === 'always' ? 'always' : 'maybe';
}

const OPPOSITES: Readonly<Record<Chance, Chance>> = { never: 'always', maybe: 'maybe', always: 'never' };

function opposite(chance: Chance): Chance {
  return OPPOSITES[chance];
}
