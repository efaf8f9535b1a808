import { partsOf } from '../../src/adapters/limits/windows.ts';
import { operations } from '../../src/catalog/operations.ts';
import { loadPolicy } from '../../src/cli/load-policy.ts';
import type { Call } from '../../src/model/index.ts';
import { callParser } from '../../src/pipeline/parse-call.ts';
import { type DecisionContext, decide } from '../../src/policy/decide.ts';
import type { PreparedPolicy } from '../../src/policy/prepare.ts';
import { allowedCall } from './calls.ts';

/** A policy file, made ready. */
export function readyPolicy(file: string): PreparedPolicy {
  const loaded = loadPolicy(file, 'known');
  if (!loaded.ok) throw new Error(`${file} has ${loaded.problems.length} problems`);
  return loaded.prepared;
}

const parse = callParser(operations, null);

/** A call in normal form, as the pipeline hands it to the policy. */
export function parsedCall(frame: { readonly before: string; readonly after: string }): Call {
  const { params } = JSON.parse(`${frame.before}1${frame.after}`);
  const parsed = parse({
    tool: params.name,
    args: { value: params.arguments, faults: [] },
    transport: 'http',
  });
  if (parsed === null) throw new Error(`there is no tool ${params.name}`);
  return parsed.call;
}

/** What a decision of an anonymous caller over HTTP depends on. */
export function context(): DecisionContext {
  return { caller: { identity: {}, session: 'a-session' }, at: Date.now(), fingerprint: () => '' };
}

/** The very keys and arguments that the script in Redis is given for the allowed call under a policy. */
export function redisQuestion(file: string): {
  readonly keyCount: number;
  readonly values: (string | number)[];
} {
  const decision = decide(readyPolicy(file), parsedCall(allowedCall), context());
  if (decision.verdict !== 'allow' || decision.claims.length === 0)
    throw new Error('expected an allow with claims');
  const { claims } = decision;
  const args = claims.flatMap(({ window, max, cost }) => [partsOf(window), window.ms, max, cost, '']);
  const keys = claims.map(({ window, counter }) => `{bench}:c:${window.kind}:${window.ms}:${counter}`);
  return { keyCount: claims.length, values: [...keys, Number.MAX_SAFE_INTEGER, ...args] };
}
