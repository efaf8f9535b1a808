import type { SeenCondition, Step } from '../model/index.ts';

/** How text is set off for people; a terminal gives colours, a pipe gives none. */
export interface Ink {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly faint: (text: string) => string;
}

const MARKS: Readonly<Record<Step['result'], string>> = {
  passed: '✓',
  counted: '✓',
  skipped: '·',
  failed: '✗',
};
const WORDS: Readonly<Record<Step['result'], string>> = {
  passed: 'passed',
  counted: 'passed, its limit is asked last',
  skipped: 'does not apply',
  failed: 'failed',
};

/** A trace as lines for people: what was looked at, what it saw, and how it went. */
export function explainTrace(trace: readonly Step[], ink: Ink): readonly string[] {
  return trace.flatMap((step) => [headline(step, ink), ...details(step, ink)]);
}

function headline({ step, name, line, result, observed, note }: Step, ink: Ink): string {
  const paint = result === 'failed' ? ink.bad : result === 'skipped' ? ink.faint : ink.good;
  const what = step === name || step === 'default' || step === 'grants' ? name : `${step} ${name}`;
  const where = line === undefined ? '' : ink.faint(` (line ${line})`);
  const how = `${WORDS[result]}${observed === true ? ', observed only' : ''}`;
  return `  ${paint(MARKS[result])} ${what}${where}: ${how}${note === undefined || note === '' ? '' : `. ${note}`}`;
}

function details({ when = [], conditions = [], violations = [] }: Step, ink: Ink): readonly string[] {
  return [
    ...when.map((each) => ink.faint(`      when ${seen(each)}`)),
    ...conditions.map((each) => `      ${seen(each)}`),
    ...violations.map(({ path, expected }) => `      ${path}: expected ${expected}`),
  ];
}

const HELD: Readonly<Record<SeenCondition['held'], string>> = {
  yes: 'holds',
  no: 'does not hold',
  unknown: 'unknown',
};

function seen({ condition, seen: value, held }: SeenCondition): string {
  return `${condition}: ${HELD[held]}, ${value === undefined ? 'it is missing' : `it is ${JSON.stringify(value)}`}`;
}
