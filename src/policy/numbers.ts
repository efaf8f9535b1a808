import { clip, type Located, type Report } from './located.ts';

/**
 * Whether a number is what was written: the double holds the same whole number, or is itself written so.
 * A fraction may be rounded.
 */
export function isExact(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false;
  if (/^0[xo]/.test(source)) return BigInt(source) === BigInt(value);
  const written = wholeNumber(source);
  return written === null || written === wholeNumber(String(value)) || written === BigInt(Math.abs(value));
}

/** A decimal text as a whole number without its sign; null where it is a fraction. */
function wholeNumber(source: string): bigint | null {
  const [, whole = '', fraction = '', power = '0'] =
    /^[-+]?([0-9]*)(?:\.([0-9]*))?(?:[eE]([-+]?[0-9]+))?$/.exec(source) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = withoutZerosAtEnd(digits);
  if (significant === '') return 0n;
  const zeros = Number(power) - fraction.length + digits.length - significant.length;
  return zeros < 0 ? null : BigInt(significant + '0'.repeat(zeros));
}

/** By hand: the expression for it takes quadratic time. */
function withoutZerosAtEnd(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}

/** Warns of numbers that look like texts which are compared, ids or postcodes: `0123` is 123, and `1e5` 100000. */
export function warnOfRewritten(node: Located, report: Report): void {
  if (node.kind === 'list') for (const item of node.items) warnOfRewritten(item, report);
  if (node.kind === 'map') for (const { value } of node.entries) warnOfRewritten(value, report);
  if (node.kind !== 'scalar' || typeof node.value !== 'number') return;
  if (!/^[-+]?0[0-9xo]|^[0-9]+[eE][0-9]+$/.test(node.source)) return;
  const message = `\`${clip(node.source)}\` is the number ${node.value}; put it in quotes if a text is meant`;
  report.warn(node.at, 'rewritten_number', message);
}
