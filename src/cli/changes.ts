import type { Ending, Verdict } from './replayer.ts';

/** What another policy would change of a call. */
export type Change = (typeof CHANGES)[number];

/** Every change, in the order in which reports tell them. */
export const CHANGES = [
  'newly-denied',
  'newly-allowed',
  'changed-code',
  'uncertain',
  'not-replayable',
  'unchanged',
] as const;

/**
 * What changes from one verdict to another. Where more than one ending is possible, it is a change only if it is the
 * same change whichever of them comes true.
 */
export function changeOf(before: Verdict, after: Verdict): Change {
  const [old] = before.endings;
  const [next] = after.endings;
  if (before.endings.length + after.endings.length === 2 && old !== undefined && next !== undefined)
    return changeOfEnding(old, next);
  const changes = new Set(
    before.endings.flatMap((was) => after.endings.map((is) => changeOfEnding(was, is))),
  );
  const [change = 'unchanged'] = changes;
  if (changes.size === 1) return change;
  return before.doubt === 'unseen' || after.doubt === 'unseen' ? 'not-replayable' : 'uncertain';
}

function changeOfEnding(before: Ending, after: Ending): Change {
  const [was, is] = [before.code === 'allowed', after.code === 'allowed'];
  if (was && !is) return 'newly-denied';
  if (!was && is) return 'newly-allowed';
  return before.code === after.code && before.would?.code === after.would?.code
    ? 'unchanged'
    : 'changed-code';
}

/** An ending as people read it. */
export function wordsOf({ code, rule, would }: Ending): string {
  if (would !== null) return `${code} (observed: ${would.code}${by(would.rule)})`;
  return `${code}${by(rule)}`;
}

function by(rule: string | null): string {
  return rule === null ? '' : ` by ${rule}`;
}
