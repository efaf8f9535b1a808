import type { Call, Caller, Instant, Step, Violation } from '../model/index.ts';
import {
  type Accepted,
  acceptedOf,
  allOf,
  anyOf,
  laterAt,
  laterFrom,
  wanted,
  wantedTogether,
} from './accepted.ts';
import type { LookedAt, PreparedCondition, Roots, ShowValue } from './conditions.ts';
import type { Check, Decided } from './explanation.ts';
import type { Fingerprint } from './fingerprint.ts';
import { writePath } from './paths.ts';
import type { PreparedGrant, PreparedPolicy, PreparedRule, PreparedTool } from './prepare.ts';
import { rootsOf } from './roots.ts';
import { allHold, judgeRule } from './rules.ts';
import { showFor } from './trace.ts';

/** What a decision was about. */
export interface CheckScope {
  readonly prepared: PreparedPolicy;
  readonly call: Call;
  readonly caller: Caller;
  readonly at: Instant;
  readonly fingerprint: Fingerprint;
}

/** The checks of a decision, one for each step of its trace. */
export function checksOf(decided: Decided): readonly Check[] {
  const tool = decided.prepared.tool(decided.call.tool);
  const checking = tool === null || tool.hidden ? null : new Checking(decided, tool);
  const rules = tool?.rules.values();
  return decided.steps.map((step) => {
    if (checking === null) return { ...bare(step), says: step.note ?? '' };
    return checking.check(step, step.step === 'rule' ? rules?.next().value : undefined);
  });
}

/** A check of which nothing is known but its step. */
function bare({ step, name, line, result, observed = false, limit }: Step): Check {
  const nothing = { when: [], conditions: [], violations: [], parts: [], accepted: null };
  const place = { line: line ?? null, limit: limit ?? null };
  return { check: step, name, result, observed, says: '', ...nothing, ...place };
}

const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;

/** The explaining of one decision, a step after the other. */
class Checking {
  private readonly decided: Decided;
  private readonly tool: PreparedTool;
  private readonly observing: boolean;
  private readonly roots: Roots;
  private readonly show: ShowValue;

  constructor(decided: Decided, tool: PreparedTool) {
    const { prepared, call, fingerprint } = decided;
    this.decided = decided;
    this.tool = tool;
    this.observing = prepared.policy.mode === 'observe';
    this.roots = rootsOf(call, tool.kind, decided);
    this.show = showFor({ tool, fingerprint });
  }

  check(step: Step, rule: PreparedRule | undefined): Check {
    switch (step.step) {
      case 'tool':
        return bare(step);
      case 'default':
        return this.ofDefault(step);
      case 'grants':
        return this.ofGrants(step);
      case 'arguments':
        return this.ofArguments(step);
      case 'rule':
        return rule === undefined ? bare(step) : this.ofRule(step, rule);
      case 'amount':
        return this.ofAmount(step);
      case 'limit':
        return this.ofLimit(step);
    }
  }

  private ofDefault(step: Step): Check {
    const named = this.tool.keys.find(({ key }) => key !== '*');
    const says =
      named === undefined
        ? 'no key but `"*"` names this tool'
        : `\`${named.key}\`${lineText(named.line)} is listed`;
    return {
      ...bare(step),
      line: this.decided.prepared.lines.default ?? null,
      observed: this.isObserved(step),
      says,
    };
  }

  private ofGrants(step: Step): Check {
    const grants = this.tool.grants ?? [];
    const parts = grants.map((grant) => this.ofGrant(grant));
    const isOpen = step.result === 'passed';
    const says = isOpen ? 'one gives this caller this tool' : 'none gives this caller this tool';
    return {
      ...bare(step),
      line: this.decided.prepared.lines.grants ?? null,
      observed: this.isObserved(step),
      says: grants.length === 0 ? 'none has this tool' : says,
      parts,
      accepted: isOpen ? null : anyOf(parts.map(({ accepted }) => accepted)),
    };
  }

  private ofGrant({ number, line, to }: PreparedGrant): Check {
    const conditions = this.look(to);
    const isOpen = allHold(to, this.roots);
    const later = this.earliest(conditions, (roots) => allHold(to, roots));
    return {
      ...bare({ step: 'grants', name: `grant ${number}`, result: isOpen ? 'passed' : 'failed' }),
      line: line ?? null,
      says: isOpen ? 'is for this caller' : 'is not for this caller',
      conditions,
      accepted: isOpen ? null : anyOf([wantedTogether(conditions, 'yes'), later]),
    };
  }

  private ofArguments(step: Step): Check {
    const { call } = this.decided;
    const own = schemaCheck('the tool itself', null, call.violations);
    const parts = this.tool.schemas.map(({ key, line, validate }) =>
      schemaCheck(`\`arguments\` of \`${key}\``, line ?? null, validate(call.args)),
    );
    return {
      ...bare(step),
      observed: this.isObserved(step) && call.violations.length === 0,
      says: step.result === 'passed' ? 'accepted' : 'not accepted',
      parts: [own, ...parts],
      accepted: step.result === 'passed' ? null : allOf((step.violations ?? []).map(acceptedOf)),
    };
  }

  private ofRule(step: Step, rule: PreparedRule): Check {
    const when = this.look(rule.when);
    const conditions = step.result === 'skipped' ? [] : this.look(rule.conditions);
    return {
      ...bare(step),
      observed: step.observed === true && step.result === 'failed',
      says: this.sayRule(step, rule),
      when,
      conditions,
      accepted: step.result === 'failed' ? this.acceptedByRule(rule, when, conditions) : null,
    };
  }

  /** A rule that failed passes where its conditions hold, does not apply where one of `when` does not hold. */
  private acceptedByRule(
    rule: PreparedRule,
    when: readonly LookedAt[],
    conditions: readonly LookedAt[],
  ): Accepted | null {
    const later = this.earliest([...when, ...conditions], (roots) => judgeRule(rule, roots) !== 'failed');
    const passing = rule.deny ? null : wantedTogether(conditions, 'yes');
    return anyOf([passing, ...when.map((looked) => wanted(looked, 'no')), later]);
  }

  private sayRule({ result }: Step, { deny, when, id, observe }: PreparedRule): string {
    const quiet = observe ? ', but it only observes' : '';
    switch (result) {
      case 'skipped':
        return 'does not apply to this call';
      case 'failed':
        if (!deny) return `not all of its conditions hold${quiet}`;
        return `${when.length === 0 ? 'denies every call' : 'applies, and denies'}${quiet}`;
      case 'passed':
        return 'passed';
      case 'counted':
        return `passed, ${this.sayLimit(id)}`;
    }
  }

  private sayLimit(id: string): string {
    const { steps, code } = this.decided;
    if (steps.some(({ step, name }) => step === 'limit' && name === id)) return 'its limit is used up';
    const isAsked = code === 'allowed' || steps.some(({ step }) => step === 'limit');
    return isAsked && !this.isFree() ? 'its limit has room' : 'its limit is not asked';
  }

  /** In a file that observes, a call that would be denied charges nothing. */
  private isFree(): boolean {
    const { steps, would } = this.decided;
    return this.observing && would !== null && steps.every(({ step }) => step !== 'limit');
  }

  private ofAmount(step: Step): Check {
    const violations = step.violations ?? [];
    const rule = this.tool.rules.find(({ id }) => id === step.name);
    return {
      ...bare(step),
      line: rule?.line ?? null,
      observed: rule?.observe === true,
      says: 'what it counts is no amount',
      violations,
      accepted: allOf(violations.map(acceptedOf)),
    };
  }

  private ofLimit(step: Step): Check {
    const rule = this.tool.rules.find(({ id }) => id === step.name);
    return {
      ...bare(step),
      line: rule?.line ?? null,
      says: step.note ?? '',
      accepted: this.acceptedByLimit(step, rule),
    };
  }

  private acceptedByLimit({ limit }: Step, rule: PreparedRule | undefined): Accepted | null {
    if (limit === undefined) return null;
    const { kind, remaining, max, fits_at: fitsAt, reset_at: resetAt } = limit;
    const later = fitsAt === null ? null : laterFrom(Date.parse(fitsAt), this.decided.at);
    const amount = rule?.amount ?? null;
    if (kind === 'calls' || amount === null || !('from' in amount)) return later;
    const path = writePath('args', amount.from);
    const atMost = (most: number, when: string) => ({
      path,
      expected: `a number of at most ${most}${when}`,
      max: most,
    });
    const emptied = fitsAt === null && remaining < max ? atMost(max, ` from ${resetAt}`) : null;
    return anyOf([atMost(remaining, ' now'), later, emptied]);
  }

  /** In a file that observes everything does. */
  private isObserved({ result }: Step): boolean {
    return this.observing && result === 'failed';
  }

  private look(conditions: readonly PreparedCondition[]): readonly LookedAt[] {
    return conditions.map((condition) => condition.look(this.roots, this.show));
  }

  /** When the same call passes, where that depends on the time: hour and weekday are all that conditions see of it. */
  private earliest(looked: readonly LookedAt[], passes: (roots: Roots) => boolean): Accepted | null {
    if (!looked.some(asksTime)) return null;
    const { call, caller, at } = this.decided;
    const hour = Math.floor(at / HOUR_MS);
    for (let next = hour + 1; next <= hour + WEEK_HOURS; next++) {
      const later = next * HOUR_MS;
      if (passes(rootsOf(call, this.tool.kind, { caller, at: later }))) return laterAt(later, at);
    }
    return null;
  }
}

function schemaCheck(name: string, line: number | null, violations: readonly Violation[]): Check {
  const result = violations.length === 0 ? 'passed' : 'failed';
  const says = violations.length === 0 ? 'accepts them' : 'does not accept them';
  return { ...bare({ step: 'arguments', name, result }), line, says, violations };
}

function asksTime(looked: LookedAt): boolean {
  return 'group' in looked ? looked.members.some(asksTime) : looked.path.startsWith('time.');
}

function lineText(line: number | undefined): string {
  return line === undefined ? '' : ` (line ${line})`;
}
