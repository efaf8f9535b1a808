import { randomBytes } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { memoryLimits } from '../adapters/limits/memory.ts';
import { operations } from '../catalog/operations.ts';
import type { Call, SentArgs, Would } from '../model/index.ts';
import { type Judgement, judge } from '../pipeline/judge.ts';
import { callParser, type ParseCall } from '../pipeline/parse-call.ts';
import { parseJson } from '../pipeline/parse-json.ts';
import { sentArgs } from '../pipeline/sent-args.ts';
import { explainTrace } from '../policy/explain.ts';
import { fingerprintWith } from '../policy/fingerprint.ts';
import { suggestion } from '../policy/located.ts';
import { isObject } from '../policy/paths.ts';
import type { PreparedPolicy } from '../policy/prepare.ts';
import { type CallLine, type Read, readCallLine, readIdentity, readTime } from './call-line.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { inkFor } from './ink.ts';
import { loadPolicy, problemText, type Tools, toolsOf } from './load-policy.ts';
import { reasonOf } from './reasons.ts';
import { openRefunds } from './refunds.ts';

export interface DryRunOptions {
  readonly policy: string;
  readonly tools: Tools;
  readonly json: boolean;
  readonly color: boolean;
  readonly secret: Buffer | null;
}

export interface OneCall {
  readonly tool: string;
  readonly args?: string;
  readonly identity?: string;
  readonly session?: string;
  readonly transport?: string;
  readonly at?: string;
}

/** `portcullis dry-run --tool`: one decision and its trace. */
export async function dryRunOne(call: OneCall, options: DryRunOptions): Promise<ExitCode> {
  const bench = openBench(options);
  const line = readOneCall(call, options.tools);
  const { decision, judgement } = await bench.decide(line, line.at ?? Date.now());
  if (judgement.verdict === 'unknown_tool' && !judgement.hidden)
    process.stderr.write(`portcullis: ${unknownTool(call.tool)}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify(decision)}\n`);
  else process.stdout.write(`${forPeople(decision, judgement, options)}\n`);
  return decision.verdict === 'allow' ? exit.fine : exit.denied;
}

/** `portcullis dry-run --calls`: one decision a line, in the same order; lines that are no calls are answered too. */
export async function dryRunMany(file: string, options: DryRunOptions): Promise<ExitCode> {
  const bench = openBench(options);
  let number = 0;
  let previousAt: number | null = null;
  let isWrong = false;
  for await (const bytes of linesOf(file)) {
    number++;
    const read = readBytes(bytes);
    if (read === null) continue;
    const at: number = (read.ok ? read.value.at : null) ?? previousAt ?? Date.now();
    const checked = inOrder(read, at, previousAt);
    if (!checked.ok) {
      isWrong = true;
      await print(JSON.stringify({ line: number, error: checked.error }));
      continue;
    }
    previousAt = at;
    const { decision, judgement } = await bench.decide(checked.value, at);
    await print(options.json ? JSON.stringify(decision) : forPeople(decision, judgement, options));
  }
  return isWrong ? exit.usage : exit.fine;
}

/** The decision as programs read it (contracts.md, "dry-run"). */
interface DecisionLine {
  readonly tool: string;
  readonly verdict: 'allow' | 'deny';
  readonly code: string;
  readonly rule: string | null;
  readonly reason: string | null;
  readonly retry_after_ms: number | null;
  readonly would: Would | null;
  readonly policy: string;
  readonly trace: Judgement['trace'];
}

interface Bench {
  decide(
    line: CallLine,
    at: number,
  ): Promise<{ readonly decision: DecisionLine; readonly judgement: Judgement }>;
}

function openBench({ policy: file, tools, secret }: DryRunOptions): Bench {
  const loaded = loadPolicy(file, tools);
  const errors = loaded.problems.filter(({ severity }) => severity === 'error');
  if (!loaded.ok) {
    throw new CommandError(
      errors.map((problem) => problemText(file, problem, loaded.source)).join('\n'),
      exit.policy,
    );
  }
  const { prepared } = loaded;
  const limits = memoryLimits();
  const parse = tools === 'any' ? parseAny : parseKnown(callParser(operations, null));
  const fingerprint = fingerprintWith(secret ?? randomBytes(32));
  const refunds = openRefunds(limits);
  return {
    async decide(line, at) {
      await refunds.until(at);
      const caller = { identity: line.identity, session: line.transport === 'rest' ? null : line.session };
      const judgement = await judge(prepared, parse(line), { caller, at, fingerprint }, limits);
      if (judgement.verdict === 'allow' && judgement.ticket !== null) {
        if (line.outcome === 'unreached') refunds.add(judgement.ticket, line.settledAt ?? at);
        else await limits.settle(judgement.ticket, 'spend', at);
      }
      return { decision: decisionLine(line.tool, judgement, prepared), judgement };
    },
  };
}

function parseKnown(parse: ParseCall): (line: CallLine) => Call {
  return (line) => parse(line)?.call ?? parseAny(line);
}

function parseAny({ tool, transport, args }: CallLine): Call {
  return {
    tool,
    transport,
    args: isObject(args.value) ? args.value : {},
    jwt: null,
    violations: args.faults,
  };
}

function decisionLine(tool: string, judgement: Judgement, { digest }: PreparedPolicy): DecisionLine {
  const base = { tool, policy: digest, trace: judgement.trace };
  const nothing = { rule: null, reason: null, retry_after_ms: null, would: null };
  switch (judgement.verdict) {
    case 'unknown_tool':
      return { ...base, verdict: 'deny', code: 'unknown_tool', ...nothing, reason: `Unknown tool: ${tool}` };
    case 'deny': {
      const { code, rule, reason, retryAfterMs } = judgement;
      return { ...base, verdict: 'deny', code, ...nothing, rule, reason, retry_after_ms: retryAfterMs };
    }
    case 'allow':
      return { ...base, verdict: 'allow', code: 'allowed', ...nothing, would: judgement.would };
  }
}

function forPeople(decision: DecisionLine, judgement: Judgement, { color, policy }: DryRunOptions): string {
  const ink = inkFor(color);
  const { verdict, code, rule, reason, retry_after_ms: wait, would, tool } = decision;
  const head = verdict === 'allow' ? ink.good('ALLOW') : ink.bad('DENY');
  return [
    `${head}  ${tool}  ${code}${rule === null ? '' : ` by ${rule}`}`,
    ...(reason === null ? [] : [`  ${reason}`]),
    ...(wait === null ? [] : [`  Retry in ${Math.ceil(wait / 1000)} s.`]),
    ...(would === null
      ? []
      : [
          `  Observed only; enforced it would be ${would.code}${would.rule === null ? '' : ` by ${would.rule}`}.`,
        ]),
    ...explainTrace(judgement.trace, ink),
    ink.faint(`  policy ${policy} (${decision.policy})`),
  ].join('\n');
}

function unknownTool(name: string): string {
  const names = operations.flatMap((each) => [each.operationId, each.name]);
  return `there is no tool \`${name}\`${suggestion(name, names)}; \`portcullis tools\` lists them`;
}

function readOneCall(
  { tool, args = '{}', identity = '{}', session, transport, at }: OneCall,
  tools: Tools,
): CallLine {
  const line = readCallLine(
    JSON.stringify({
      tool: toolsOf(tools)?.find((each) => each.operationId === tool)?.name ?? tool,
      ...(session === undefined ? {} : { session }),
      ...(transport === undefined ? {} : { transport }),
    }),
  );
  const who = readJson(identity, '--identity');
  const time = readTime(at, '`--at`');
  const read = who.ok ? readIdentity(who.value.faults.length === 0 ? (who.value.value ?? null) : null) : who;
  return {
    ...usable(line),
    args: usable(readJson(args.startsWith('@') ? readArgs(args.slice(1)) : args, '--args')),
    identity: usable(read),
    at: usable(time),
  };
}

function usable<T>(read: Read<T>): T {
  if (!read.ok) throw new CommandError(read.error, exit.usage);
  return read.value;
}

function readJson(text: string, flag: string): Read<SentArgs> {
  const parsed = parseJson(text);
  if (!parsed.ok) return { ok: false, error: `\`${flag}\` is not JSON: ${parsed.why}` };
  if (!isObject(parsed.value)) return { ok: false, error: `expected \`${flag}\`, a JSON object` };
  return { ok: true, value: sentArgs(parsed, [], parsed.value) };
}

function readArgs(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`cannot read \`${file}\`: ${reasonOf(error)}`, exit.usage);
  }
}

/** A line's bytes -> a call; null for a blank line. */
function readBytes(bytes: Buffer): Read<CallLine> | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.trim() === '' ? null : readCallLine(text);
  } catch {
    return { ok: false, error: 'expected UTF-8' };
  }
}

function inOrder(read: Read<CallLine>, at: number, previousAt: number | null): Read<CallLine> {
  if (!read.ok) return read;
  if (previousAt !== null && at < previousAt) {
    return { ok: false, error: 'expected `at` not before the time of the last decided line' };
  }
  const { settledAt } = read.value;
  if (settledAt !== null && settledAt < at)
    return { ok: false, error: 'expected `settled_at` not before `at`' };
  return read;
}

async function* linesOf(file: string): AsyncGenerator<Buffer> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  let rest: Buffer[] = [];
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      let start = 0;
      for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
        yield Buffer.concat([...rest, chunk.subarray(start, end)]);
        rest = [];
        start = end + 1;
      }
      if (start < chunk.length) rest.push(chunk.subarray(start));
    }
  } catch (error) {
    throw new CommandError(`cannot read \`${file}\`: ${reasonOf(error)}`, exit.usage);
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}

/** Waits for a slow reader, so that the output of a long file is not piled up. */
async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`))
    await new Promise((resolve) => process.stdout.once('drain', resolve));
}
