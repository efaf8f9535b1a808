import type { Policy, Rule, Tool, ToolRules } from '../model/index.ts';
import { allImply } from './implies.ts';
import { stopsFirst } from './limits-compared.ts';
import { clip, type Report } from './located.ts';
import { isGlob, means, meant } from './names.ts';
import { ruleName } from './read-rule.ts';

/** A rule with where it stands. */
interface Placed {
  readonly rule: Rule;
  readonly key: string;
  readonly id: string;
  /** Rules of the exact tool come first, then those of globs in file order, then of `"*"`. */
  readonly order: number;
}

/** Warns of rules that another rule always comes before, and of limits that another one always stops before. */
export function compareRules(policy: Policy, tools: readonly Tool[] | null, report: Report): void {
  const placed = inOrder(policy.tools);
  const covers = coverage(tools);
  for (const then of placed) {
    const wider = placed.filter(
      (first) => first !== then && covers(first.key, then.key) && binds(first, then),
    );
    const shadow = wider.find((first) => comesBefore(first, then));
    if (shadow !== undefined) {
      const why = shadow.rule.deny
        ? `\`${clip(shadow.id)}\` denies every call that it could deny or count`
        : `\`${clip(shadow.id)}\` fails whenever it could fail`;
      report.warn(report.placeOf(then.rule, 'rule'), 'rule_never_decides', `this rule never decides: ${why}`);
      continue;
    }
    const stopper = wider.find((first) => stops(first, then, policy.sessionCeiling));
    if (stopper === undefined) continue;
    const message = `this limit is never reached: that of \`${clip(stopper.id)}\` always stops calls before`;
    report.warn(report.placeOf(then.rule, 'rule'), 'limit_never_reached', message);
  }
}

function inOrder(keys: readonly ToolRules[]): readonly Placed[] {
  const rank = (key: string) => (key === '*' ? 2 : isGlob(key) ? 1 : 0);
  return keys
    .toSorted((a, b) => rank(a.key) - rank(b.key))
    .flatMap(({ key, rules }) => rules.map((rule, i) => ({ rule, key, id: rule.name ?? ruleName(key, i) })))
    .map((each, order) => ({ ...each, order }));
}

/** Whether a key means every tool that another key means. */
function coverage(tools: readonly Tool[] | null): (wide: string, narrow: string) => boolean {
  if (tools === null) {
    return (wide, narrow) =>
      wide === narrow ||
      wide === '*' ||
      (!isGlob(narrow) && means(wide, { name: narrow, operationId: narrow }));
  }
  const sets = new Map<string, ReadonlySet<Tool>>();
  const setOf = (key: string) => {
    const known = sets.get(key) ?? new Set(meant([key], tools));
    sets.set(key, known);
    return known;
  };
  return (wide, narrow) => wide === narrow || [...setOf(narrow)].every((tool) => setOf(wide).has(tool));
}

/** The first one applies to every call that the other one applies to, and what it says counts. */
function binds({ rule: first }: Placed, { rule: then }: Placed): boolean {
  return !first.observe && allImply(then.when, first.when);
}

/** Whether the other rule adds nothing: neither to what is denied, nor to why, nor to what is counted. */
function comesBefore(first: Placed, then: Placed): boolean {
  const isLimit = then.rule.rateLimit !== null || then.rule.amountLimit !== null;
  const isCheck = then.rule.deny || then.rule.conditions.length > 0;
  if (first.rule.deny) return isCheck ? first.order < then.order : isLimit;
  if (then.rule.deny || isLimit || !isCheck || first.order > then.order) return false;
  return first.rule.conditions.length > 0 && allImply(first.rule.conditions, then.rule.conditions);
}

/** Of two limits that stop alike only the second one is in vain. */
function stops(first: Placed, then: Placed, ceiling: number): boolean {
  if (!stopsFirst(first.rule, then.rule, ceiling)) return false;
  const isMutual = binds(then, first) && stopsFirst(then.rule, first.rule, ceiling);
  return !isMutual || first.key !== then.key || first.order < then.order;
}
