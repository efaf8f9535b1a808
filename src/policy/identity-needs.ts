import type { Condition, Policy } from '../model/index.ts';

/** Members of `identity.` and other parts of a policy that mean something only for callers who have them. */
export function identityNeeds(policy: Policy): readonly string[] {
  const conditions = [
    ...(policy.grants ?? []).flatMap(({ to }) => to),
    ...policy.tools.flatMap(({ rules }) => rules.flatMap((rule) => [...rule.when, ...rule.conditions])),
  ];
  const members = conditions.flatMap(pathsOf).flatMap((path) => /^identity\.[a-z_]+/.exec(path) ?? []);
  const perTenant = policy.tools.some(({ rules }) =>
    rules.some(({ rateLimit, amountLimit }) => rateLimit?.per === 'tenant' || amountLimit?.per === 'tenant'),
  );
  return [...new Set([...members, ...(perTenant ? ['per: tenant'] : [])])];
}

function pathsOf(condition: Condition): readonly string[] {
  if ('any' in condition) return condition.any.flatMap(pathsOf);
  if ('all' in condition) return condition.all.flatMap(pathsOf);
  return 'not' in condition ? pathsOf(condition.not) : [condition.path];
}
