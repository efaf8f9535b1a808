import { operations } from '../../catalog/operations.ts';
import type { Operation } from '../../model/index.ts';
import { suggestion } from '../../policy/located.ts';
import { means } from '../../policy/names.ts';
import { CommandError, type ExitCode, exit } from '../exit-codes.ts';
import type { Answers, Wanted } from './ask.ts';
import type { Risk } from './risks.ts';
import { planStarter } from './starter.ts';
import { checkTargets, nextSteps, targetsOf, writePlan, written } from './write.ts';

export interface InitFlags {
  readonly tools?: string;
  readonly risk?: Risk;
  readonly out?: string;
  readonly force: boolean;
}

/** `portcullis init`: asks on a terminal for what the flags leave open; without a terminal they must say it. */
export async function init(flags: InitFlags, isTerminal: boolean): Promise<ExitCode> {
  const { tools, risk = null, out = null, force } = flags;
  const wanted: Wanted = { tools: tools === undefined ? null : toolsNamed(tools), risk, out, force };
  if (out !== null) checkTargets(targetsOf(out), force || isTerminal);
  if (wanted.tools !== null && risk !== null && (out !== null || !isTerminal))
    return write({ tools: wanted.tools, risk, out: out ?? 'policy.yaml', force });
  if (!isTerminal) {
    const missing = [...(wanted.tools === null ? ['--tools'] : []), ...(risk === null ? ['--risk'] : [])];
    const words = `expected ${missing.map((flag) => `\`${flag}\``).join(' and ')}, since there is no terminal to ask on`;
    throw new CommandError(words, exit.usage);
  }
  const { ask, tell } = await import('./ask.ts');
  const answers = await ask(wanted);
  if (answers === null) return exit.usage;
  const targets = targetsOf(answers.out);
  writePlan(planStarter(answers.tools, answers.risk), targets, answers.force);
  tell(written(targets), nextSteps(targets));
  return exit.fine;
}

function write({ tools, risk, out, force }: Answers): ExitCode {
  const targets = targetsOf(out);
  checkTargets(targets, force);
  writePlan(planStarter(tools, risk), targets, force);
  process.stdout.write(`${[written(targets), ...nextSteps(targets)].join('\n')}\n`);
  return exit.fine;
}

/** Names, operation ids, globs and kinds, with commas -> the tools that one of them means. */
function toolsNamed(text: string): readonly Operation[] {
  const names = text.split(',').map((name) => name.trim());
  const isMeant = (name: string, tool: Operation) => means(name, tool) || name === tool.kind;
  const unknown = names.find((name) => !operations.some((tool) => isMeant(name, tool)));
  if (unknown !== undefined) {
    const known = operations.flatMap(({ operationId, name }) => [operationId, name]);
    throw new CommandError(
      `\`--tools\`: there is no tool \`${unknown}\`${suggestion(unknown, known)}`,
      exit.usage,
    );
  }
  return operations.filter((tool) => names.some((name) => isMeant(name, tool)));
}
