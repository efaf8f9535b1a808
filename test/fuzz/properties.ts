import fc from 'fast-check';
import { memoryLimits } from '../../src/adapters/limits/memory.ts';
import { operations } from '../../src/catalog/operations.ts';
import { readFrame } from '../../src/doors/frame.ts';
import { judge } from '../../src/pipeline/judge.ts';
import { callParser } from '../../src/pipeline/parse-call.ts';
import { parseJson } from '../../src/pipeline/parse-json.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { prepare } from '../../src/policy/prepare.ts';
import { printPolicy } from '../../src/policy/print.ts';
import { calls, type FuzzedCall, policyText } from './generators.ts';

/** How long, and from which seed. */
export type Terms = Pick<fc.Parameters<unknown>, 'seed' | 'numRuns' | 'interruptAfterTimeLimit'>;

/** A sentence that has to hold for whatever is generated. */
export interface Property {
  readonly sentence: string;
  /** Throws, with the smallest example, where it does not hold. */
  check(terms: Terms): Promise<void>;
}

const NOON = Date.UTC(2026, 0, 1, 12);
const parseCall = callParser(operations, null);
const bits = fc.constantFrom(
  '{',
  '}',
  '[',
  ']',
  ': ',
  ',',
  '"',
  "'",
  '\n',
  '&a ',
  '*a',
  '!!x ',
  '#',
  '|',
  '%',
  '\0',
  '\ufeff',
  '\ud800',
  'null',
  '1e400',
  '-0',
  '\\u0000',
);
const change = fc.tuple(fc.nat(), fc.nat(6), fc.oneof(bits, fc.string({ unit: 'binary', maxLength: 3 })));

/** A text with pieces cut out of it and put into it. */
function changed(text: string, changes: readonly (readonly [number, number, string])[]): string {
  return changes.reduce((all, [at, cut, put]) => {
    const from = at % (all.length + 1);
    return all.slice(0, from) + put + all.slice(from + cut);
  }, text);
}

function property<Ts extends [unknown, ...unknown[]]>(
  sentence: string,
  arbitraries: { [K in keyof Ts]: fc.Arbitrary<Ts[K]> },
  holds: (...values: Ts) => Promise<void>,
): Property {
  return {
    sentence,
    check: async (terms) => fc.assert(fc.asyncProperty<Ts>(...(arbitraries as never), holds as never), terms),
  };
}

/** What is fuzzed, each on its own. */
export const properties: readonly Property[] = [
  property(
    'most of what the grammar makes is a policy',
    [fc.array(policyText, { minLength: 20, maxLength: 20 })],
    async (texts) => {
      const accepted = texts.filter((text) => parsePolicy(text, operations).ok).length;
      if (accepted < 10) throw new Error(`${accepted} of 20 texts are policies`);
    },
  ),
  property('parse(print(policy)) equals the policy', [policyText], async (text) => {
    const first = parsePolicy(text, operations);
    if (!first.ok) return;
    const second = parsePolicy(printPolicy(first.policy), operations);
    if (!second.ok || JSON.stringify(second.policy) !== JSON.stringify(first.policy))
      throw new Error('it is printed as another policy');
  }),
  property(
    'parse answers any change of a policy, each problem at a place of the text',
    [policyText, fc.array(change, { minLength: 1, maxLength: 4 })],
    async (text, changes) => {
      const broken = changed(text, changes);
      const lines = broken.split(/\r\n|\r|\n/).length;
      for (const tools of [operations, null]) {
        const parsed = parsePolicy(broken, tools);
        for (const { at, message } of parsed.ok ? parsed.warnings : parsed.problems) {
          if (at.line < 1 || at.line > lines || at.column < 1)
            throw new Error(`a problem stands at ${at.line}:${at.column}`);
          if (/[\n\r]/.test(message)) throw new Error('a problem has two lines');
        }
      }
    },
  ),
  property(
    'decide answers any call under any policy, the same each time',
    [policyText, calls],
    async (text, list) => {
      const parsed = parsePolicy(text, operations);
      if (!parsed.ok) return;
      const prepared = prepare(parsed.policy, {
        tools: operations,
        digest: 'sha256:x',
        placeOf: parsed.placeOf,
      });
      const endings = await Promise.all([endingsOf(prepared, list), endingsOf(prepared, list)]);
      if (JSON.stringify(endings[0]) !== JSON.stringify(endings[1]))
        throw new Error('the same calls ended differently');
    },
  ),
  property(
    'a frame is read or refused, whatever is in it',
    [calls, fc.array(change, { maxLength: 4 })],
    async ([first], changes) => {
      const params = { name: first?.tool, arguments: first?.args };
      const frame = readFrame(
        changed(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }), changes),
      );
      if (frame.kind === 'call' && typeof frame.tool !== 'string') throw new Error('a call without a tool');
    },
  ),
  property(
    'what the parser takes without faults is what JSON.parse reads',
    [calls, fc.array(change, { maxLength: 2 })],
    async (list, changes) => {
      const text = changed(JSON.stringify(list), changes);
      const parsed = parseJson(text, []);
      if (!parsed.ok || parsed.faults.length > 0) return;
      const expected: unknown = JSON.parse(text);
      if (JSON.stringify(parsed.value) !== JSON.stringify(expected))
        throw new Error('the two read different values');
    },
  ),
];

async function endingsOf(
  prepared: ReturnType<typeof prepare>,
  list: readonly FuzzedCall[],
): Promise<readonly unknown[]> {
  const limits = memoryLimits();
  const endings: unknown[] = [];
  for (const { tool, args, identity, session, atMs } of list) {
    const parsed = parseCall({ tool, args: { value: args, faults: [] }, transport: 'stdio' });
    if (parsed === null) continue;
    const context = {
      caller: { identity, session },
      at: NOON + atMs,
      fingerprint: (secret: string) => `<${secret.length}>`,
    };
    const judgement = await judge(prepared, parsed.call, context, limits);
    if (judgement.verdict === 'deny' && judgement.reason === '') throw new Error('a denial without a reason');
    endings.push({ ...judgement, ticket: null, trace: judgement.trace() });
  }
  return endings;
}
