import type {
  Call,
  Caller,
  Claim,
  Decision,
  Instant,
  PolicyCode,
  RuleId,
  Violation,
} from '../model/index.ts';
import { inUnits } from './amounts.ts';
import type { Roots } from './conditions.ts';
import type { Fingerprint } from './fingerprint.ts';
import { valueAt, writePath } from './paths.ts';
import type { PreparedPolicy, PreparedRule, PreparedTool } from './prepare.ts';
import { isLimited, type PreparedLimit } from './prepare-limits.ts';
import { rootsOf } from './roots.ts';
import { allHold, judgeRule } from './rules.ts';
import { counterOf, type Subjects, subjectsOf } from './subjects.ts';
import { type Failure, type Finding, traceOf } from './trace.ts';

/** All that a decision depends on beside the policy and the call. */
export interface DecisionContext {
  readonly caller: Caller;
  readonly at: Instant;
  /** For secrets in the trace. */
  readonly fingerprint: Fingerprint;
}

/**
 * What a policy says of a call, before limits are asked (policy-language.md, "The decision"). Pure and total.
 *
 * The stages stand in the order of a decision; the first failure that is not observed ends it.
 */
export function decide(prepared: PreparedPolicy, call: Call, context: DecisionContext): Decision {
  const tool = prepared.tool(call.tool);
  if (tool !== null && !tool.hidden) return new Deciding(prepared, tool, call, context).run();
  const note = tool === null ? 'no such tool' : 'hidden by the policy';
  return {
    verdict: 'unknown_tool',
    hidden: tool !== null,
    trace: () => [{ step: 'tool', name: call.tool, result: 'failed', note }],
  };
}

const STAGES = ['checkDefault', 'checkGrants', 'checkArguments', 'checkRules', 'checkAmounts'] as const;
const NONE: readonly never[] = [];

/** One decision under way, and what it found. Its life is one `decide`. */
class Deciding implements Finding {
  granted: boolean | null = null;
  violations: readonly Violation[] | null = null;
  ruled = false;
  readonly wrongAmounts: Failure[] = [];
  private readonly failures: Failure[] = [];
  /** The numbers of the rules that passed and count something. */
  private readonly counting: number[] = [];
  private readonly claims: Claim[] = [];
  private subjects: Subjects | null = null;
  private readonly roots: Roots;
  private readonly observing: boolean;
  private readonly prepared: PreparedPolicy;
  private readonly tool: PreparedTool;
  private readonly call: Call;
  private readonly context: DecisionContext;

  constructor(prepared: PreparedPolicy, tool: PreparedTool, call: Call, context: DecisionContext) {
    this.prepared = prepared;
    this.tool = tool;
    this.call = call;
    this.context = context;
    this.observing = prepared.policy.mode === 'observe';
    this.roots = rootsOf(call, tool.kind, context);
  }

  run(): Decision {
    for (const stage of STAGES) {
      this[stage]();
      const blocking = this.failures.find(({ observed }) => !observed);
      if (blocking === undefined) continue;
      const { code, rule, because, violations } = blocking;
      return { verdict: 'deny', trace: () => this.trace(), code, rule, because, violations };
    }
    return this.allow();
  }

  private allow(): Decision {
    const [first] = this.failures;
    const would = first === undefined ? null : { code: first.code, rule: first.rule };
    return {
      verdict: 'allow',
      trace: () => this.trace(),
      // A call that an observing file would have denied charges nothing.
      claims: this.observing && would !== null ? NONE : this.claims,
      would,
      observing: this.observing,
      secrets: this.tool.secrets,
    };
  }

  private trace() {
    const { prepared, tool, call, roots, context } = this;
    return traceOf({ prepared, tool, call, roots, fingerprint: context.fingerprint }, this);
  }

  private checkDefault(): void {
    if (this.prepared.policy.default !== 'deny' || this.tool.listed) return;
    const because = "This tool is not among those that this server's policy allows.";
    this.fail('not_listed', null, because, this.observing);
  }

  private checkGrants(): void {
    const { grants } = this.tool;
    if (grants === null) return;
    this.granted = grants.some(({ to }) => allHold(to, this.roots));
    if (this.granted) return;
    this.fail('not_granted', null, "No grant of this server's policy gives you this tool.", this.observing);
  }

  private checkArguments(): void {
    const own = this.call.violations;
    const violations = merged(own, this.policysViolations());
    this.violations = violations;
    if (violations.length === 0) return;
    this.fail('invalid_arguments', null, invalid(violations), this.observing && own.length === 0, violations);
  }

  private policysViolations(): readonly Violation[] {
    const { schemas } = this.tool;
    return schemas.length === 0 ? NONE : schemas.flatMap(({ validate }) => validate(this.call.args));
  }

  private checkRules(): void {
    this.ruled = true;
    const { roots } = this;
    this.tool.rules.forEach((rule, i) => {
      const result = judgeRule(rule, roots);
      if (result === 'passed') {
        if (isLimited(rule)) this.counting.push(i);
      } else if (result === 'failed') {
        const code = rule.deny ? 'denied_by_rule' : 'condition_failed';
        this.fail(code, rule.id, rule.because ?? unexplained(rule), rule.observe);
      }
    });
  }

  private checkAmounts(): void {
    for (const i of this.counting) {
      const rule = this.tool.rules[i];
      if (rule === undefined) continue;
      const amount = this.amountOf(rule);
      if (amount === null) {
        this.failAmount(rule);
        continue;
      }
      const observedRule = rule.observe && !this.observing ? i : null;
      for (const limit of rule.calls) this.claim(limit, 1, rule, observedRule);
      for (const limit of rule.amounts) this.claim(limit, inUnits(amount, limit.unit), rule, observedRule);
    }
  }

  /** The amount that a rule counts for this call, 0 where it counts none; null where it is no amount. */
  private amountOf({ amount }: PreparedRule): number | null {
    if (amount === null) return 0;
    if ('fixed' in amount) return amount.fixed;
    const value = valueAt(this.call.args, amount.from);
    return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
  }

  private failAmount(rule: PreparedRule): void {
    const path = rule.amount !== null && 'from' in rule.amount ? rule.amount.from : [];
    const violations = [{ path: writePath('args', path), expected: 'a number from 0: it is counted' }];
    this.wrongAmounts.push(
      this.fail('invalid_arguments', rule.id, invalid(violations), rule.observe, violations),
    );
  }

  private claim(limit: PreparedLimit, cost: number, rule: PreparedRule, observedRule: number | null): void {
    const { window, per, kind, unit, max } = limit;
    this.subjects ??= subjectsOf(this.context.caller);
    const counter = counterOf(this.subjects, limit);
    const { id, because } = rule;
    this.claims.push({ rule: id, counter, window, per, kind, unit, max, cost, observedRule, because });
  }

  private fail(
    code: PolicyCode,
    rule: RuleId | null,
    because: string,
    observed: boolean,
    violations: readonly Violation[] = [],
  ): Failure {
    const failure = { code, rule, because, observed, violations };
    this.failures.push(failure);
    return failure;
  }
}

function merged(own: readonly Violation[], policys: readonly Violation[]): readonly Violation[] {
  if (own.length === 0) return policys;
  const known = new Set(own.map(({ path }) => path));
  return [...own, ...policys.filter(({ path }) => !known.has(path))];
}

function invalid(violations: readonly Violation[]): string {
  const list = violations.map(({ path, expected }) => `${path}: expected ${expected}`).join('; ');
  return `The arguments are not accepted. ${list}${/[.?]$/.test(list) ? '' : '.'}`;
}

function unexplained(rule: PreparedRule): string {
  return `The rule \`${rule.id}\` of this server's policy does not allow this call.`;
}
