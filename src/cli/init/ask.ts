import { existsSync } from 'node:fs';
import {
  cancel,
  confirm,
  groupMultiselect,
  intro,
  isCancel,
  note,
  outro,
  select,
  text,
} from '@clack/prompts';
import { operations } from '../../catalog/operations.ts';
import type { Kind, Operation } from '../../model/index.ts';
import { BOUNDS, RISKS, type Risk } from './risks.ts';
import { targetsOf } from './write.ts';

/** What `init` needs to know; null: to be asked for. */
export interface Wanted {
  readonly tools: readonly Operation[] | null;
  readonly risk: Risk | null;
  readonly out: string | null;
  readonly force: boolean;
}

export interface Answers {
  readonly tools: readonly Operation[];
  readonly risk: Risk;
  readonly out: string;
  readonly force: boolean;
}

/** Somebody ended the questions. */
class Cancelled extends Error {}

/** Asks on the terminal for what is not known yet; null where somebody cancels. */
export async function ask(wanted: Wanted): Promise<Answers | null> {
  try {
    intro('portcullis init: a starting policy, with its tests');
    const tools = wanted.tools ?? (await askTools());
    const risk = wanted.risk ?? (await askRisk());
    const out = wanted.out ?? (await askFile());
    const force = wanted.force || (await askToReplace(out));
    return { tools, risk, out, force };
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
    cancel('Nothing was written.');
    return null;
  }
}

/** Ends what `ask` began. */
export function tell(written: string, next: readonly string[]): void {
  note(next.join('\n'), 'Next');
  outro(written);
}

const KINDS: Readonly<Record<Kind, string>> = {
  read: 'Read: public keys, validation',
  reveal: 'Reveal: who has sessions',
  mint: 'Mint: tokens for the agent',
  revoke: 'Revoke: end sessions',
};

async function askTools(): Promise<readonly Operation[]> {
  const kinds = Object.keys(KINDS) as readonly Kind[];
  const groups = kinds.map((kind) => {
    const own = operations.filter((operation) => operation.kind === kind);
    return [
      KINDS[kind],
      own.map(({ operationId, title }) => ({ value: operationId, label: operationId, hint: title })),
    ];
  });
  const chosen = answered(
    await groupMultiselect<string>({
      message: 'Which tools may agents call?',
      options: Object.fromEntries(groups),
      initialValues: operations.filter(({ kind }) => kind === 'read').map(({ operationId }) => operationId),
      required: true,
    }),
  );
  return operations.filter(({ operationId }) => chosen.includes(operationId));
}

const RISK_WORDS: Readonly<Record<Risk, string>> = {
  low: 'nothing beyond one session',
  medium: 'nothing to a whole application',
  high: 'every argument',
};

async function askRisk(): Promise<Risk> {
  return answered(
    await select<Risk>({
      message: 'How much risk is acceptable?',
      options: RISKS.map((risk) => {
        const { mint, revoke } = BOUNDS[risk].calls;
        return {
          value: risk,
          label: risk,
          hint: `${RISK_WORDS[risk]}; ${mint.max} tokens a minute, ${revoke.max} revocations an hour`,
        };
      }),
    }),
  );
}

async function askFile(): Promise<string> {
  return answered(
    await text({
      message: 'Where is it written?',
      initialValue: 'policy.yaml',
      validate: (file) => {
        try {
          void targetsOf(file ?? '');
          return undefined;
        } catch (error) {
          return error instanceof Error ? error.message : 'expected a file name';
        }
      },
    }),
  );
}

async function askToReplace(out: string): Promise<boolean> {
  const { policy, tests } = targetsOf(out);
  const there = [policy, tests].filter((file) => existsSync(file));
  if (there.length === 0) return false;
  const isYes = answered(
    await confirm({
      message: `${there.join(' and ')} ${there.length === 1 ? 'is' : 'are'} there already. Replace?`,
      initialValue: false,
    }),
  );
  if (!isYes) throw new Cancelled();
  return true;
}

function answered<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw new Cancelled();
  // The only symbol that there is says that somebody cancelled.
  return answer as Exclude<T, symbol>;
}
