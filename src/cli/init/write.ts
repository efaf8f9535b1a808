import { basename } from 'node:path';
import { operations } from '../../catalog/operations.ts';
import { parsePolicy } from '../../policy/parse.ts';
import { writePolicy } from '../../policy/print.ts';
import { CommandError, exit } from '../exit-codes.ts';
import { type NewFile, refuseToReplace, writeFiles } from '../write-files.ts';
import { writeCases } from './cases.ts';
import { editorSchemas, schemaCommands, schemaLine } from './editor-schemas.ts';
import { commentsOf, type Plan, policyOf } from './plan.ts';

/** The two files that `init` makes. */
export interface Targets {
  readonly policy: string;
  readonly tests: string;
}

/** Where the policy and its tests go. Throws a `CommandError` where the name is none for a policy. */
export function targetsOf(out: string): Targets {
  if (!/[^/\\]\.yaml$/.test(out) || out.endsWith('.test.yaml'))
    throw new CommandError(
      `expected a file that ends in \`.yaml\`, and not in \`.test.yaml\`; found \`${out}\``,
      exit.usage,
    );
  return { policy: out, tests: out.replace(/\.yaml$/, '.test.yaml') };
}

/** Throws a `CommandError` where a file is there already. */
export function checkTargets({ policy, tests }: Targets, force: boolean): void {
  refuseToReplace([policy, tests], force);
}

/** The text of a plan's policy. Throws where it would not be clean: that is a bug, and nothing is written. */
export function policyText(plan: Plan): string {
  const text = writePolicy(policyOf(plan), commentsOf(plan));
  const parsed = parsePolicy(text, operations);
  const [problem] = parsed.ok ? parsed.warnings : parsed.problems;
  if (problem === undefined) return text;
  throw new Error(`the policy would not be clean, so nothing is written: ${problem.message}`);
}

/** Writes the policy and its tests, both or, where the policy would not be clean, neither. */
export function writePlan(plan: Plan, targets: Targets, force: boolean): void {
  const schemas = editorSchemas(targets.policy);
  const text = schemaLine(schemas.policy) + policyText(plan);
  const tests = schemaLine(schemas.tests) + writeCases(basename(targets.policy), plan, operations);
  const files: readonly NewFile[] = [
    { path: targets.policy, text },
    { path: targets.tests, text: tests },
  ];
  writeFiles(files, force);
}

/** That the files are there. */
export function written({ policy, tests }: Targets): string {
  return `wrote ${policy} and ${tests}`;
}

/** What to do with them. */
export function nextSteps({ policy, tests }: Targets): readonly string[] {
  const steps = [`try it: portcullis test ${tests}`, `use it: portcullis serve --policy ${policy}`];
  if (editorSchemas(policy).installed) return steps;
  return [...steps, `edit it with completion: ${schemaCommands(policy)}`];
}
