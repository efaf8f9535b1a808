import { isDeepStrictEqual } from 'node:util';
import type { PreparedPolicy } from '../policy/prepare.ts';
import { changeOf, wordsOf } from './changes.ts';
import { type Found, findDifference, type Search } from './diff-search.ts';
import { type ExitCode, exit } from './exit-codes.ts';
import { judgePast } from './judge-past.ts';
import { preparePolicy } from './load-policy.ts';
import { type ReplayReport, replayForPeople, replayForPrograms } from './replay-report.ts';
import { openReplayer } from './replayer.ts';
import { exampleOf, openTally } from './tally.ts';

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
    if (isDeepStrictEqual(old.policy, next.policy)) {
      process.stdout.write(options.json ? EQUAL_JSON : EQUAL_TEXT);
      return exit.fine;
    }
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

/** What is said of two files that are one policy, perhaps written differently: nothing has to be searched for. */
const EQUAL_TEXT = 'no difference: both files say the same\n';
const EQUAL_JSON = `${JSON.stringify({ differ: false, equal: true }, null, 2)}\n`;

interface Compared {
  readonly old: PreparedPolicy;
  readonly next: PreparedPolicy;
  readonly name: string;
}

async function diffFile(file: string, { old, next, name }: Compared): Promise<ReplayReport> {
  const [before, after] = [openReplayer(old), openReplayer(next)];
  const tally = openTally();
  const read = await judgePast([file], {
    replayers: [before, after],
    tenantId: null,
    judge(past, call) {
      const [was, is] = [before.judge(call), after.judge(call)];
      tally.add(changeOf(was, is), () => exampleOf(past, call, was, is), [was, is]);
    },
  });
  return {
    ...read,
    file: name,
    isDefault: false,
    digest: `${old.digest} -> ${next.digest}`,
    tally,
    unrecorded: {},
  };
}

function foundJson({ difference, runs }: Found, seed: number) {
  if (difference === null) return { differ: false, equal: false, seed, runs };
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
