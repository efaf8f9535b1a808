import type {
  Call,
  Caller,
  Claim,
  Decision,
  Instant,
  PolicyCode,
  RuleId,
  SeenCondition,
  Step,
  Violation,
} from '../model/index.ts';
import { inUnits } from './amounts.ts';
import type { PreparedCondition, Roots, ShowValue } from './conditions.ts';
import type { Fingerprint } from './fingerprint.ts';
import { valueAt, writePath } from './paths.ts';
import type { PreparedLimit, PreparedPolicy, PreparedRule, PreparedTool } from './prepare.ts';
import { looksSecret, withoutSecrets } from './secrets.ts';
import { isAnonymous, type Subjects, subjectsOf } from './subjects.ts';

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
  if (tool === null || tool.hidden) {
    const note = tool === null ? 'no such tool' : 'hidden by the policy';
    return {
      verdict: 'unknown_tool',
      hidden: tool !== null,
      trace: [{ step: 'tool', name: call.tool, result: 'failed', note }],
    };
  }
  return new Deciding(prepared, tool, call, context).run();
}

/** A check that did not pass. */
interface Failure {
  readonly code: PolicyCode;
  readonly rule: RuleId | null;
  readonly because: string;
  readonly observed: boolean;
  readonly violations: readonly Violation[];
}

const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** The roots that conditions look at, for one call. */
export function rootsOf(
  call: Pick<Call, 'tool' | 'transport' | 'args' | 'jwt'>,
  kind: string | null,
  context: Pick<DecisionContext, 'caller' | 'at'>,
): Roots {
  const { identity } = context.caller;
  const at = new Date(context.at);
  return {
    args: call.args,
    identity: { ...identity, anonymous: isAnonymous(identity) },
    call: { tool: call.tool, transport: call.transport, kind },
    jwt: call.jwt,
    time: { hour: at.getUTCHours(), weekday: WEEKDAYS[at.getUTCDay()] ?? '' },
  };
}

/** One decision under way. Its life is one `decide`. */
class Deciding {
  private readonly trace: Step[] = [];
  private readonly failures: Failure[] = [];
  private readonly claims: Claim[] = [];
  private readonly roots: Roots;
  private readonly observing: boolean;
  private readonly subjects: Subjects;
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
    this.subjects = subjectsOf(context.caller);
  }

  run(): Decision {
    const stages = [
      this.checkDefault,
      this.checkGrants,
      this.checkArguments,
      this.checkRules,
      this.checkAmounts,
    ];
    for (const stage of stages) {
      stage.call(this);
      const blocking = this.failures.find((failure) => !failure.observed);
      if (blocking !== undefined) return { verdict: 'deny', trace: this.trace, ...blocking };
    }
    return this.allow();
  }

  private allow(): Decision {
    const [first] = this.failures;
    const would = first === undefined ? null : { code: first.code, rule: first.rule };
    return {
      verdict: 'allow',
      trace: this.trace,
      // A call that an observing file would have denied charges nothing.
      claims: this.observing && would !== null ? [] : this.claims,
      would,
      observing: this.observing,
      secrets: this.tool.secrets,
    };
  }

  private checkDefault(): void {
    if (this.prepared.policy.default !== 'deny') return;
    this.record({ step: 'default', name: 'default: deny', result: this.tool.listed ? 'passed' : 'failed' });
    if (!this.tool.listed) {
      this.fail(
        'not_listed',
        null,
        "This tool is not among those that this server's policy allows.",
        this.observing,
      );
    }
  }

  private checkGrants(): void {
    const { grants } = this.tool;
    if (grants === null) return;
    const holds = (to: readonly PreparedCondition[]) =>
      to.every((condition) => condition.test(this.roots) === 'yes');
    const granted = grants.some(holds);
    const conditions = grants.flatMap((to) => this.seen(to));
    this.record({ step: 'grants', name: 'grants', result: granted ? 'passed' : 'failed', conditions });
    if (!granted) {
      this.fail('not_granted', null, "No grant of this server's policy gives you this tool.", this.observing);
    }
  }

  private checkArguments(): void {
    const own = this.call.violations;
    const policys = this.tool.schemas.flatMap(({ validate }) => validate(this.call.args));
    const violations = own.length === 0 ? policys : merged(own, policys);
    this.record({
      step: 'arguments',
      name: 'arguments',
      result: violations.length === 0 ? 'passed' : 'failed',
      ...(violations.length === 0 ? {} : { violations }),
    });
    if (violations.length === 0) return;
    this.fail('invalid_arguments', null, invalid(violations), this.observing && own.length === 0, violations);
  }

  private checkRules(): void {
    for (const rule of this.tool.rules) {
      const result = this.judge(rule);
      const limited = result === 'passed' && (rule.calls.length > 0 || rule.amounts.length > 0);
      this.record({
        step: 'rule',
        name: rule.id,
        ...(rule.line === undefined ? {} : { line: rule.line }),
        result: limited ? 'counted' : result,
        ...(rule.observe ? { observed: true } : {}),
        ...(rule.when.length === 0 ? {} : { when: this.seen(rule.when) }),
        ...(result === 'skipped' || rule.conditions.length === 0
          ? {}
          : { conditions: this.seen(rule.conditions) }),
      });
      if (result === 'failed') {
        const code = rule.deny ? 'denied_by_rule' : 'condition_failed';
        this.fail(code, rule.id, rule.because ?? unexplained(rule), rule.observe);
      }
    }
  }

  /** The list of `when` stops at the first condition that does not hold; unknown counts as holding. */
  private applies(rule: PreparedRule): boolean {
    return rule.when.every((condition) => condition.test(this.roots) !== 'no');
  }

  private judge(rule: PreparedRule): 'passed' | 'failed' | 'skipped' {
    if (!this.applies(rule)) return 'skipped';
    if (rule.deny) return 'failed';
    return rule.conditions.every((condition) => condition.test(this.roots) === 'yes') ? 'passed' : 'failed';
  }

  private checkAmounts(): void {
    this.tool.rules.forEach((rule, i) => {
      if (rule.calls.length === 0 && rule.amounts.length === 0) return;
      if (this.judge(rule) !== 'passed') return;
      const amount = this.amountOf(rule);
      if (amount === null) {
        this.failAmount(rule);
        return;
      }
      const observedRule = rule.observe && !this.observing ? i : null;
      for (const limit of rule.calls) this.claim(limit, 1, rule, observedRule);
      for (const limit of rule.amounts) this.claim(limit, inUnits(amount, limit.unit), rule, observedRule);
    });
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
    this.record({ step: 'amount', name: rule.id, result: 'failed', violations });
    this.fail('invalid_arguments', rule.id, invalid(violations), rule.observe, violations);
  }

  private claim(limit: PreparedLimit, cost: number, rule: PreparedRule, observedRule: number | null): void {
    const { key, ...shape } = limit;
    const counter = `${key}:${this.subjects[limit.per]}`;
    this.claims.push({ rule: rule.id, counter, ...shape, cost, observedRule, because: rule.because });
  }

  private record(step: Step): void {
    this.trace.push(step);
  }

  private fail(
    code: PolicyCode,
    rule: RuleId | null,
    because: string,
    observed: boolean,
    violations: readonly Violation[] = [],
  ): void {
    this.failures.push({ code, rule, because, observed, violations });
  }

  private seen(conditions: readonly PreparedCondition[]): readonly SeenCondition[] {
    return conditions.flatMap((condition) => condition.see(this.roots, this.show));
  }

  private readonly show: ShowValue = (root, path, value) => {
    const places = root === 'args' ? (this.tool.tool?.secretArgs ?? []) : [];
    const replace = (secret: string) => `fp:${this.context.fingerprint(secret)}`;
    return withoutSecrets(value, path, { places, isSecret: looksSecret, replace });
  };
}

function merged(own: readonly Violation[], policys: readonly Violation[]): readonly Violation[] {
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
