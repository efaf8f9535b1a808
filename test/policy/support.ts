import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { memoryLimits } from '../../src/adapters/limits/memory.ts';
import { operations } from '../../src/catalog/operations.ts';
import type { Call, Identity, JsonObject, Limits, Operation, Transport } from '../../src/model/index.ts';
import { type Judgement, judge } from '../../src/pipeline/judge.ts';
import { callParser } from '../../src/pipeline/parse-call.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { type PreparedPolicy, prepare } from '../../src/policy/prepare.ts';

const cases = join(import.meta.dirname, 'cases');

/** The fixtures of a folder under `cases`, by name without ending. */
export function fixtures(folder: 'ok' | 'bad'): readonly string[] {
  return readdirSync(join(cases, folder))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length));
}

/** The text of a fixture; of one that is not there, nothing. */
export function fixture(folder: 'ok' | 'bad', file: string): string {
  try {
    return readFileSync(join(cases, folder, file), 'utf8');
  } catch {
    return '';
  }
}

/** What is known of tools under `--tools known` and `--tools any`. */
export type Tools = 'known' | 'any';

export function toolsOf(tools: Tools): readonly Operation[] | null {
  return tools === 'any' ? null : operations;
}

/** Every problem of a text as `LINE:COL severity code message`. */
export function problemsOf(text: string, tools: Tools = 'known'): readonly string[] {
  const parsed = parsePolicy(text, toolsOf(tools));
  const problems = parsed.ok ? parsed.warnings : parsed.problems;
  return problems.map(
    ({ at, severity, code, message }) => `${at.line}:${at.column} ${severity} ${code} ${message}`,
  );
}

/** A policy made ready to decide; a text with errors fails the test with them. */
export function policyOf(text: string, tools: Tools = 'known'): PreparedPolicy {
  const parsed = parsePolicy(text, toolsOf(tools));
  if (!parsed.ok) throw new Error(problemsOf(text, tools).join('\n'));
  return prepare(parsed.policy, { tools: toolsOf(tools), digest: 'sha256:test', placeOf: parsed.placeOf });
}

/** Who calls, when and through what; the rest of a call is its tool and its arguments. */
export interface Circumstances {
  readonly identity?: Identity;
  /** null: the protocol has no session. */
  readonly session?: string | null;
  readonly transport?: Transport;
  /** ISO time, or seconds after `NOON`. */
  readonly at?: string | number;
}

/** Thursday, 1 January 2026, 12:00:00 UTC. */
export const NOON = Date.UTC(2026, 0, 1, 12);

/** A policy and its limits at work: one call after the other, on the clock that the calls bring. */
export interface Bench {
  call(tool: string, args?: JsonObject, circumstances?: Circumstances): Promise<Judgement>;
  /** Puts another policy in place of the first; the counters stay. */
  reload(text: string): void;
  /** Gives back what an allowed call took. */
  refund(judgement: Judgement): Promise<void>;
}

const parseCall = callParser(operations, null);

export function openBench(text: string, tools: Tools = 'known', limits: Limits = memoryLimits()): Bench {
  let policy = policyOf(text, tools);
  return {
    async call(
      tool,
      args = {},
      { identity = { sub: 'ann' }, session = 's', transport = 'stdio', at = 0 } = {},
    ) {
      const name = operations.find(({ operationId }) => operationId === tool)?.name ?? tool;
      const caller = { identity, session };
      const context = { caller, at: instant(at), fingerprint: (secret: string) => `<${secret.length}>` };
      return judge(policy, callOf(name, args, transport, tools), context, limits);
    },
    reload(other) {
      policy = policyOf(other, tools);
    },
    async refund(judgement) {
      if (judgement.verdict !== 'allow' || judgement.ticket === null) throw new Error('nothing was taken');
      await limits.settle(judgement.ticket, 'refund', NOON);
    },
  };
}

function instant(at: string | number): number {
  return typeof at === 'number' ? NOON + at * 1000 : Date.parse(at);
}

function callOf(tool: string, args: JsonObject, transport: Transport, tools: Tools): Call {
  const known = tools === 'any' ? null : parseCall({ tool, args: { value: args, faults: [] }, transport });
  return known?.call ?? { tool, transport, args, jwt: null, violations: [] };
}

/** A judgement in a few words: `allowed`, `rate_limited by x in 30s`, `allowed, would be rate_limited by x`. */
export function inWords(judgement: Judgement): string {
  if (judgement.verdict === 'unknown_tool') return judgement.hidden ? 'unknown_tool, hidden' : 'unknown_tool';
  if (judgement.verdict === 'allow') {
    const { would } = judgement;
    return would === null ? 'allowed' : `allowed, would be ${named(would.code, would.rule)}`;
  }
  const { code, rule, retryable, retryAfterMs } = judgement;
  const wait = retryAfterMs === null ? (retryable ? ', later' : '') : ` in ${retryAfterMs / 1000}s`;
  return named(code, rule) + wait;
}

function named(code: string, rule: string | null): string {
  return rule === null ? code : `${code} by ${rule}`;
}
