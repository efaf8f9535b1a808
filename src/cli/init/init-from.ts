import { operations } from '../../catalog/operations.ts';
import { callParser } from '../../pipeline/parse-call.ts';
import { printable } from '../excerpt.ts';
import { CommandError, type ExitCode, exit } from '../exit-codes.ts';
import { recordedCalls } from '../recorded-calls.ts';
import { recordedTenant } from '../settings.ts';
import { sizeOf } from '../text-lines.ts';
import { Observations } from './observations.ts';
import { planProposal } from './propose.ts';
import { checkTargets, nextSteps, targetsOf, writePlan, written } from './write.ts';

export interface FromFlags {
  readonly tools?: string;
  readonly risk?: string;
  readonly tenant?: string;
  readonly out?: string;
  readonly force: boolean;
}

/** Lines that are no records are told one by one up to here, and then only counted. */
const MAX_TOLD = 5;

/** `portcullis init --from`: reads audit files as a stream and writes the policy that allows what they allowed. */
export async function initFrom(files: readonly string[], flags: FromFlags): Promise<ExitCode> {
  const { tools, risk, tenant, out = 'policy.yaml', force } = flags;
  if (tools !== undefined || risk !== undefined)
    throw new CommandError(
      'expected no `--tools` and no `--risk` beside `--from`: the records say it',
      exit.usage,
    );
  const tenantId = recordedTenant(tenant);
  const targets = targetsOf(out);
  checkTargets(targets, force);
  // Tells of a file that cannot be read before anything else is said.
  sizeOf(files);
  const observed = await observe(files, tenantId);
  if (observed.totals.calls === 0)
    throw new CommandError(
      'no allowed call is recorded in these files, so there is nothing to propose',
      exit.usage,
    );
  writePlan(planProposal(observed), targets, force);
  process.stdout.write(`${[written(targets), ...nextSteps(targets)].join('\n')}\n`);
  return exit.fine;
}

async function observe(files: readonly string[], tenantId: string | null): Promise<Observations> {
  const observed = new Observations(callParser(operations, tenantId));
  const problems: string[] = [];
  let records = 0;
  let unread = 0;
  for await (const each of recordedCalls(files)) {
    if ('record' in each) {
      records++;
      observed.add(each.record);
    } else if (unread++ < MAX_TOLD) problems.push(printable(`${each.file}:${each.line}: ${each.problem}`));
  }
  observed.finish();
  const [first] = problems;
  if (records === 0 && first !== undefined)
    throw new CommandError(`expected records of an audit, and there are none; ${first}`, exit.usage);
  if (unread > 0) problems.push(`lines that are no records, which the proposal does not know of: ${unread}`);
  for (const problem of problems) process.stderr.write(`portcullis: ${problem}\n`);
  return observed;
}
