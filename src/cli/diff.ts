import type { PreparedPolicy } from '../policy/prepare.ts';
import { nameOf } from './callers.ts';
import { changeOf, wordsOf } from './changes.ts';
import { type Found, findDifference, type Search } from './diff-search.ts';
import { type ExitCode, exit } from './exit-codes.ts';
import { preparePolicy } from './load-policy.ts';
import { pastCalls } from './past-calls.ts';
import { openProgress } from './progress.ts';
import { pastCallReader } from './replay.ts';
import { type ReplayReport, replayForPeople, replayForPrograms } from './replay-report.ts';
import { openReplayer } from './replayer.ts';
import { openTally } from './tally.ts';
import { sizeOf } from './text-lines.ts';

export interface DiffOptions {
  /** Files of calls; null: calls are made up. */
  readonly calls: string | null;
  readonly search: Search;
  readonly json: boolean;
  readonly color: boolean;
}

/** `portcullis diff`: what changes from one policy to another, over calls of a file or made up. Exit 5 where something does. */
export async function diff(oldFile: string, newFile: string, options: DiffOptions): Promise<ExitCode> {
  const [old, next] = [preparePolicy(oldFile, 'known'), preparePolicy(newFile, 'known')];
  if (options.calls === null) {
    const found = await findDifference(old, next, options.search);
    const { seed } = options.search;
    process.stdout.write(
      options.json ? `${JSON.stringify(foundJson(found, seed), null, 2)}\n` : foundText(found, seed),
    );
    return found.difference === null ? exit.fine : exit.testsFailed;
  }
  const report = await diffFile(options.calls, { old, next, name: `${oldFile} -> ${newFile}` });
  process.stdout.write(options.json ? replayForPrograms(report) : replayForPeople(report, options.color));
  if (report.problems > 0) return exit.usage;
  const { tally } = report;
  const changed = tally.count('newly-denied') + tally.count('newly-allowed') + tally.count('changed-code');
  return changed > 0 ? exit.testsFailed : exit.fine;
}

interface Compared {
  readonly old: PreparedPolicy;
  readonly next: PreparedPolicy;
  readonly name: string;
}

async function diffFile(file: string, { old, next, name }: Compared): Promise<ReplayReport> {
  const [before, after] = [openReplayer(old), openReplayer(next)];
  const both = [before, after];
  const read = pastCallReader(null);
  const tally = openTally();
  const progress = openProgress(process.stderr, sizeOf([file]));
  const counts = { intents: 0, unended: 0, misplaced: 0, problems: 0 };
  let span: readonly [number, number] | null = null;
  try {
    for await (const ready of pastCalls([file], progress.read)) {
      for (const past of ready) {
        switch (past.what) {
          case 'problem':
            counts.problems++;
            progress.tell(`${past.file}:${past.line}: ${past.problem}`);
            break;
          case 'gap':
            for (const each of both) each.forget(past.until);
            break;
          case 'intent':
            counts.intents++;
            break;
          case 'unended':
            counts.unended++;
            for (const each of both) each.suppose(read(past));
            break;
          case 'record':
          case 'call': {
            const call = read(past);
            if (call.isMisplaced) counts.misplaced++;
            span = [Math.min(span?.[0] ?? past.at, past.at), Math.max(span?.[1] ?? past.at, past.at)];
            const [was, is] = [before.judge(call), after.judge(call)];
            const example = () => ({
              file: past.file,
              line: past.line,
              id: past.what === 'record' ? past.record.id : null,
              at: new Date(past.at).toISOString(),
              tool: call.dim.call.tool,
              caller: nameOf(call.caller.identity),
              before: was.endings,
              after: is.endings,
            });
            tally.add(changeOf(was, is), example, [was, is]);
          }
        }
      }
      progress.step(ready.length);
    }
  } finally {
    progress.close();
  }
  const [from, to] = span ?? [];
  return {
    file: name,
    digest: `${old.digest} -> ${next.digest}`,
    tally,
    ...counts,
    undecided: {},
    unrecorded: {},
    from: from === undefined ? null : new Date(from).toISOString(),
    to: to === undefined ? null : new Date(to).toISOString(),
  };
}

function foundJson({ difference, runs }: Found, seed: number) {
  if (difference === null) return { differ: false, seed, runs };
  const { lines, before, after } = difference;
  const calls = lines.map((line): unknown => JSON.parse(line));
  return { differ: true, seed, runs, calls, old: before.endings[0], new: after.endings[0] };
}

function foundText({ difference, runs }: Found, seed: number): string {
  if (difference === null) return `no difference found in ${runs} runs (seed ${seed})\n`;
  const { lines, before, after } = difference;
  const head =
    lines.length === 1
      ? 'they judge this call differently:'
      : `they judge the last of these ${lines.length} calls differently:`;
  const endings = [`old: ${before.endings.map(wordsOf).join()}`, `new: ${after.endings.map(wordsOf).join()}`];
  return `${[head, ...lines, ...endings].join('\n')}\n`;
}
