import type { Json, JsonObject } from '../../../src/model/index.ts';

/** A policy of Intercept as a value, in the forms that the property tests make. */
export interface Source {
  readonly default?: 'allow' | 'deny';
  readonly hide?: readonly string[];
  readonly tools: Readonly<Record<string, { readonly rules: readonly SourceRule[] }>>;
}
export interface SourceRule {
  readonly action?: string;
  readonly conditions?: readonly { readonly path: string; readonly op: string; readonly value: Json }[];
  readonly rate_limit?: string | { readonly max: number; readonly window: number };
  readonly state?: { readonly counter: string; readonly increment_from?: string };
}

/**
 * What Intercept answers, by its documents: an evaluator of its own for calls at one and the same time, so that every
 * window is one. Arguments are looked at as they were sent.
 */
export function openIntercept(source: Source): (tool: string, sent: JsonObject) => 'allow' | 'deny' {
  const counters = new Map<string, number>();
  return (tool, sent) => {
    if (source.hide?.includes(tool) || source.hide?.includes('*')) return 'deny';
    if (source.default === 'deny' && !Object.hasOwn(source.tools, tool)) return 'deny';
    const rules = [tool, '*'].flatMap((key) =>
      (source.tools[key]?.rules ?? []).map((rule) => ({ key, rule })),
    );
    const taken: [counter: string, amount: number][] = [];
    for (const { key, rule } of rules) {
      if (rule.action === 'deny') return 'deny';
      for (const each of rule.conditions ?? [])
        if (each.path.startsWith('args.') && !holds(each, sent)) return 'deny';
      const claim = claimOf(key, rule, sent);
      if (claim === null) continue;
      const [counter, amount, most] = claim;
      if (Number.isNaN(amount) || (counters.get(counter) ?? 0) + amount > most) return 'deny';
      taken.push([counter, amount]);
    }
    for (const [counter, amount] of taken) counters.set(counter, (counters.get(counter) ?? 0) + amount);
    return 'allow';
  };
}

function claimOf(key: string, rule: SourceRule, sent: JsonObject): [string, number, number] | null {
  if (typeof rule.rate_limit === 'string') {
    const [count = '', window = ''] = rule.rate_limit.split('/');
    return [`${key} ${window}`, 1, Number(count)];
  }
  if (rule.rate_limit !== undefined) return [`${key} ${JSON.stringify(rule)}`, 1, rule.rate_limit.max];
  if (rule.state === undefined) return null;
  const bound = rule.conditions?.find(({ path }) => path.startsWith('state.'));
  const from = rule.state.increment_from;
  const amount = from === undefined ? 1 : at(sent, from);
  const most = Math.trunc(Number(bound?.value)) - (bound?.op === 'lt' ? 1 : 0);
  return [`${key} ${rule.state.counter}`, typeof amount === 'number' ? Math.trunc(amount) : Number.NaN, most];
}

function at(sent: JsonObject, path: string): Json | undefined {
  let value: Json | undefined = sent;
  // The catalogue's server calls the body `requestBody`.
  for (const name of path.replace('requestBody', 'body').split('.').slice(1)) {
    value = typeof value === 'object' && value !== null ? (value as JsonObject)[name] : undefined;
  }
  return value;
}

function holds({ path, op, value }: { path: string; op: string; value: Json }, sent: JsonObject): boolean {
  const found = at(sent, path);
  if (op === 'exists') return (found !== undefined && found !== null) === value;
  if (found === undefined) return false;
  const list = Array.isArray(value) ? (value as readonly Json[]) : [];
  const isNumbers = typeof found === 'number' && typeof value === 'number';
  switch (op) {
    case 'eq':
      return isEqual(found, value);
    case 'neq':
      return !isEqual(found, value);
    case 'in':
      return list.some((each) => isEqual(found, each));
    case 'not_in':
      return !list.some((each) => isEqual(found, each));
    case 'lte':
      return isNumbers && found <= value;
    case 'gt':
      return isNumbers && found > value;
    case 'contains':
      if (Array.isArray(found)) return found.some((each) => isEqual(each, value));
      return typeof found === 'string' && typeof value === 'string' && found.includes(value);
    default:
      throw new Error(op);
  }
}

/** By number where both are numbers, else by how they are printed. */
function isEqual(a: Json, b: Json): boolean {
  return typeof a === 'number' && typeof b === 'number' ? a === b : printed(a) === printed(b);
}

function printed(value: Json): string {
  return Array.isArray(value) ? `[${value.map(printed).join(' ')}]` : String(value);
}
