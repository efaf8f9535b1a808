import type { PreparedPolicy } from '../policy/prepare.ts';
import { type Change, changeOf } from './changes.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { increase, judgePast } from './judge-past.ts';
import { preparePolicy } from './load-policy.ts';
import type { Progress } from './progress.ts';
import { recordedEnding } from './recorded-verdict.ts';
import { type ReplayReport, replayForPeople, replayForPrograms } from './replay-report.ts';
import { certainly, openReplayer } from './replayer.ts';
import { recordedTenant } from './settings.ts';
import { exampleOf, openTally } from './tally.ts';

export interface ReplayOptions {
  readonly policy: string;
  /** Nobody named the policy. */
  readonly isDefault: boolean;
  /** The tenant that the recorded proxy was confined to, as it was given. */
  readonly tenant: string | undefined;
  readonly json: boolean;
  readonly color: boolean;
  /** Changes that are not to be. */
  readonly failOn: readonly Change[];
}

/** `portcullis replay`: what a policy would change of calls that were recorded. */
export async function replay(files: readonly string[], options: ReplayOptions): Promise<ExitCode> {
  const tenantId = recordedTenant(options.tenant);
  const prepared = preparePolicy(options.policy, 'known');
  const report = await replayFiles(files, { prepared, tenantId, ...options });
  process.stdout.write(options.json ? replayForPrograms(report) : replayForPeople(report, options.color));
  // A report that is not of every line must not pass for one.
  if (report.problems > 0) return exit.usage;
  if (report.from === null && options.failOn.length > 0)
    throw new CommandError('there was no call to replay, so nothing was found by `--fail-on`', exit.usage);
  return options.failOn.some((change) => report.tally.count(change) > 0) ? exit.testsFailed : exit.fine;
}

interface Replayed extends Pick<ReplayOptions, 'policy'> {
  /** The tenant that the recorded proxy was confined to; null: none. */
  readonly tenantId: string | null;
  readonly prepared: PreparedPolicy;
  readonly isDefault?: boolean;
  readonly progress?: Progress;
}

/** Replays what files hold. */
export async function replayFiles(
  files: readonly string[],
  { prepared, progress, tenantId, policy, isDefault = false }: Replayed,
): Promise<ReplayReport> {
  const replayer = openReplayer(prepared);
  const tally = openTally();
  const unrecorded = new Map<string, number>();
  const read = await judgePast(files, {
    replayers: [replayer],
    tenantId,
    progress,
    judge(past, call) {
      const after = replayer.judge(call);
      const ending = past.what === 'call' ? null : recordedEnding(past.record);
      if (ending === null) {
        increase(unrecorded, after.endings.map(({ code }) => code).join(' or '));
        return;
      }
      const before = certainly(ending);
      tally.add(changeOf(before, after), () => exampleOf(past, call, before, after), [after]);
    },
  });
  return {
    ...read,
    file: policy,
    isDefault,
    digest: prepared.digest,
    tally,
    unrecorded: Object.fromEntries(unrecorded),
  };
}
