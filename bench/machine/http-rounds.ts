import type { Usage } from '../programs/probe.ts';
import { type BenchOptions, type Figure, median, type Target } from '../suite.ts';
import { callOnce, type HttpCall, type Load, load } from './http-load.ts';

/** A server that takes its turn in every round. */
export interface Contender {
  readonly name: string;
  readonly call: HttpCall;
  /** What its answer must look like, before the load and after it. */
  readonly answers: RegExp;
  /** null where the process is not ours to ask. */
  readonly usage: (() => Promise<Usage>) | null;
  /** What it should come to, beside the reference, at so many connections. */
  readonly target?: (connections: number) => Target | undefined;
}

interface Measured extends Load {
  readonly cpuUs: number;
}

const CONNECTIONS = [1, 16, 64];

/**
 * Loads every contender in turn, round after round, and compares each with the first of the same round: what the
 * machine does meanwhile meets all of them.
 */
export async function httpRounds(
  contenders: readonly Contender[],
  { quick }: BenchOptions,
): Promise<readonly Figure[]> {
  const [reference] = contenders;
  if (reference === undefined) return [];
  const [rounds, seconds] = quick ? [1, 1] : [7, 2];
  for (const each of contenders) {
    await check(each);
    await load(each.call, 16, seconds);
  }
  const figures: Figure[] = [];
  for (const connections of CONNECTIONS) {
    const measured = new Map<Contender, Measured[]>(contenders.map((each) => [each, []]));
    for (let round = 0; round < rounds; round++) {
      for (const each of contenders) measured.get(each)?.push(await measure(each, connections, seconds));
    }
    const beside = measured.get(reference) ?? [];
    for (const [each, results] of measured) {
      figures.push(...figuresOf(each, { results, beside, reference, connections }));
    }
  }
  for (const each of contenders) await check(each);
  return figures;
}

async function check({ name, call, answers }: Contender): Promise<void> {
  const answer = await callOnce(call);
  if (!answers.test(answer)) throw new Error(`${name} answered ${answer.slice(0, 300)}`);
}

async function measure({ call, usage }: Contender, connections: number, seconds: number): Promise<Measured> {
  const before = await usage?.();
  const came = await load(call, connections, seconds);
  const after = await usage?.();
  const used = before === undefined || after === undefined ? Number.NaN : after.cpuUs - before.cpuUs;
  return { ...came, cpuUs: used / came.calls };
}

function figuresOf(
  each: Contender,
  of: { results: Measured[]; beside: Measured[]; reference: Contender; connections: number },
): readonly Figure[] {
  const { results, beside, reference, connections } = of;
  const label = `${each.name}, ${connections} connection${connections === 1 ? '' : 's'}`;
  const row = (key: keyof Measured, unit: string, target?: Target): readonly Figure[] => {
    const value = median(results.map((one) => one[key]));
    if (Number.isNaN(value)) return [];
    const ratio = median(results.map((one, round) => one[key] / (beside[round]?.[key] ?? Number.NaN)));
    const compared = each === reference || Number.isNaN(ratio) ? {} : { ratio, reference: reference.name };
    return [{ name: label, value, unit, ...compared, ...(target && { target }) }];
  };
  return [
    ...row('perSecond', 'calls/s', each.target?.(connections)),
    ...row('p50Ms', 'ms p50'),
    ...row('p99Ms', 'ms p99'),
    ...row('cpuUs', 'µs CPU'),
  ];
}
