import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { settings } from '../../build/settings.ts';
import type { JsonObject } from '../../src/model/index.ts';
import type { DecisionContext } from '../../src/policy/decide.ts';
import type { PreparedPolicy } from '../../src/policy/prepare.ts';
import { type Figure, quantile, type Suite } from '../suite.ts';

// What is measured is bundled as what is shipped: tsx wraps every function to keep its name, which costs more than a decision.
const { operations, callParser, decide, parsePolicy, prepare } = await shipped();

const CALLS = 200_000;
const WARM_UP = 50_000;
const RULES = 200;
const ID = '00000000-0000-0001-0000-000000000000';

/** `decide` alone, a call at a time, each by a caller whom it has not seen before. */
export const suite: Suite = {
  name: 'decide',
  about: 'one decision, before limits are asked; the trace is not read',
  async run() {
    const text = readFileSync(new URL('../../policies/default.yaml', import.meta.url), 'utf8');
    const nothing = timesOf(prepared('{}'));
    const shipped = timesOf(prepared(text));
    const [mine, others] = [rulesOf('vendJWTWithId'), rulesOf('createLogout')];
    const applying = timesOf(prepared(`tools:\n${mine}`));
    const elsewhere = timesOf(prepared(`tools:\n${others}`));
    const reference = median(nothing);
    const spinning = spinsOf(median(applying));
    const figure = (name: string, times: Float64Array, q: number): Figure => ({
      name,
      value: quantile([...times], q),
      unit: 'µs',
      ratio: quantile([...times], q) / reference,
      reference: 'an empty policy (median)',
    });
    return [
      figure('an empty policy, median', nothing, 0.5),
      figure('policies/default.yaml, median', shipped, 0.5),
      figure('policies/default.yaml, 99th percentile', shipped, 0.99),
      figure(`${RULES} rules of another tool, median`, elsewhere, 0.5),
      figure(`${RULES} rules that apply, median`, applying, 0.5),
      {
        ...figure(`${RULES} rules that apply, 99th percentile`, applying, 0.99),
        ratio: quantile([...applying], 0.99) / quantile([...spinning], 0.99),
        reference: 'a loop as long as the median (99th percentile)',
      },
      figure('a loop as long as the median, 99th percentile', spinning, 0.99),
    ];
  },
};

async function shipped(): Promise<typeof import('../parts.ts')> {
  const outdir = new URL('../results/parts/', import.meta.url);
  const entryPoints = [fileURLToPath(new URL('../parts.ts', import.meta.url))];
  await build({ ...settings, entryPoints, outdir: fileURLToPath(outdir) });
  return import(new URL('parts.js', outdir).href);
}

function prepared(text: string): PreparedPolicy {
  const parsed = parsePolicy(text, operations);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return prepare(parsed.policy, { tools: operations, digest: 'sha256:bench', placeOf: parsed.placeOf });
}

/** Each kind of rule in turn; all of them apply to the call, and it passes them all. */
const KINDS = [
  '{ conditions: [{ path: args.body.timeToLiveInSeconds, op: lte, value: 3600 }] }',
  '{ conditions: [{ path: identity.roles, op: contains, value: support }] }',
  '{ when: [{ path: identity.tenant, op: exists, value: true }], conditions: [{ path: identity.tenant, op: in, value: [acme, globex, initech] }] }',
  '{ conditions: [{ any: [{ path: identity.email, op: ends_with, value: "@example.com" }, { path: call.transport, op: eq, value: stdio }] }] }',
  '{ action: deny, when: [{ path: args.body.claims.roles, op: exists, value: true }, { path: args.body.claims.roles, op: contains, value: admin }] }',
  '{ conditions: [{ path: time.weekday, op: not_in, value: [sat, sun] }, { path: time.hour, op: gte, value: 8 }] }',
  '{ conditions: [{ path: identity.sub, op: regex, value: "^[a-z]+-[0-9]+$" }] }',
  '{ conditions: [{ not: { all: [{ path: args.body.keyId, op: eq, value: "x" }, { path: call.kind, op: eq, value: read }] } }] }',
];

function rulesOf(tool: string): string {
  const kinds =
    tool === 'vendJWTWithId' ? KINDS : ['{ conditions: [{ path: identity.sub, op: eq, value: ann }] }'];
  const rules = Array.from({ length: RULES - 1 }, (_, i) => `      - ${kinds[i % kinds.length]}`);
  return `  ${tool}:\n    rules:\n${rules.join('\n')}\n      - { rate_limit: { max: 30, window: 60 } }\n`;
}

const ARGS: JsonObject = {
  body: { claims: { roles: ['support', 'reader'], department: 'desk' }, keyId: ID, timeToLiveInSeconds: 300 },
};

/** Microseconds of each decision. */
function timesOf(policy: PreparedPolicy): Float64Array {
  const parsed = callParser(
    operations,
    null,
  )({
    tool: 'fusionauth-vendjwtwithid',
    args: { value: ARGS, faults: [] },
    transport: 'stdio',
  });
  if (parsed === null) throw new Error('there is no such tool');
  const contexts = Array.from({ length: 100 }, (_, i) => contextOf(i));
  const times = new Float64Array(CALLS);
  for (let i = -WARM_UP; i < CALLS; i++) {
    const { caller, ...rest } = contexts[(i + WARM_UP) % contexts.length] ?? contextOf(0);
    const context = { ...rest, caller: { ...caller, identity: { ...caller.identity } } };
    const begun = performance.now();
    const { verdict } = decide(policy, parsed.call, context);
    const ended = performance.now();
    if (verdict !== 'allow') throw new Error('the call was to be allowed');
    if (i >= 0) times[i] = (ended - begun) * 1000;
  }
  return times;
}

/** Microseconds of loops that do nothing for a while: what of the 99th percentile is the machine's own. */
function spinsOf(length: number): Float64Array {
  return Float64Array.from({ length: CALLS }, () => {
    const begun = performance.now();
    let now = begun;
    while ((now - begun) * 1000 < length) now = performance.now();
    return (now - begun) * 1000;
  });
}

function contextOf(i: number): DecisionContext {
  return {
    caller: {
      identity: { sub: `ann-${i}`, tenant: 'acme', email: 'ann@example.com', roles: ['reader', 'support'] },
      session: `s${i}`,
    },
    at: Date.UTC(2026, 0, 1, 12),
    fingerprint: () => {
      throw new Error('nothing that is secret is shown on the way of a call');
    },
  };
}

function median(times: Float64Array): number {
  return quantile([...times], 0.5);
}
