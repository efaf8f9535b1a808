import { randomBytes } from 'node:crypto';
import type { Step, Would } from '../model/index.ts';
import type { Judgement } from '../pipeline/judge.ts';
import { type Explanation, explain } from '../policy/explanation.ts';
import { fingerprintWith } from '../policy/fingerprint.ts';
import type { PreparedPolicy } from '../policy/prepare.ts';
import { callerOf, callReader, openBench } from './bench.ts';
import type { TimedCall } from './call-file.ts';
import { preparePolicy, type Tools, toolsOf } from './load-policy.ts';

/** The decision as programs read it (contracts.md, "dry-run"). */
export interface DecisionLine {
  readonly tool: string;
  readonly verdict: 'allow' | 'deny';
  readonly code: string;
  readonly rule: string | null;
  readonly reason: string | null;
  readonly retry_after_ms: number | null;
  readonly would: Would | null;
  readonly policy: string;
  readonly trace: readonly Step[];
}

/** A decision and what it means. */
export interface Explained {
  readonly decision: DecisionLine;
  explanation(): Explanation;
}

export interface DeciderOptions {
  readonly policy: string;
  readonly tools: Tools;
  readonly secret: Buffer | null;
}

/** Answers what decides the calls of one policy, in the order of their times. Throws a `CommandError` where it has errors. */
export function openDecider({ policy: file, tools, secret }: DeciderOptions) {
  const prepared = preparePolicy(file, tools);
  const read = callReader(toolsOf(tools));
  const fingerprint = fingerprintWith(secret ?? randomBytes(32));
  const bench = openBench({ prepared, fingerprint });
  return async (line: TimedCall): Promise<Explained> => {
    const { at } = line;
    const tried = { ...line, call: read(line), settledAt: line.settledAt ?? at };
    const judgement = await bench.judge(tried);
    const decision = decisionLine(line.tool, judgement, prepared);
    const about = { prepared, call: tried.call, caller: callerOf(tried), at, fingerprint };
    return { decision, explanation: () => explain({ ...decision, ...about, steps: decision.trace }) };
  };
}

function decisionLine(tool: string, judgement: Judgement, { digest }: PreparedPolicy): DecisionLine {
  const about = { policy: digest, trace: judgement.trace() };
  const nothing = { rule: null, reason: null, retry_after_ms: null, would: null };
  switch (judgement.verdict) {
    case 'unknown_tool':
      return {
        tool,
        verdict: 'deny',
        code: 'unknown_tool',
        ...nothing,
        reason: `Unknown tool: ${tool}`,
        ...about,
      };
    case 'deny': {
      const { code, rule, reason, retryAfterMs } = judgement;
      return {
        tool,
        verdict: 'deny',
        code,
        ...nothing,
        rule,
        reason,
        retry_after_ms: retryAfterMs,
        ...about,
      };
    }
    case 'allow':
      return { tool, verdict: 'allow', code: 'allowed', ...nothing, would: judgement.would, ...about };
  }
}
