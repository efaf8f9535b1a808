/** Counters of amounts hold millionths: six decimals, rounded up (policy-language.md, "Counters of amounts"). */
const DECIMALS = 6;
/** The largest amount whose millionths a double holds exactly. */
const MAX_IN_MILLIONTHS = Math.floor(Number.MAX_SAFE_INTEGER / 10 ** DECIMALS);

/** How a counter with this bound counts: in millionths, or, where those would not be exact, in ones. */
export function unitOf(bound: number): 'one' | 'millionth' {
  return bound <= MAX_IN_MILLIONTHS ? 'millionth' : 'one';
}

/** An amount in its counter's unit, rounded up; what is too large to count is the largest safe integer. */
export function inUnits(amount: number, unit: 'one' | 'millionth'): number {
  const decimals = unit === 'millionth' ? DECIMALS : 0;
  if (Number.isInteger(amount) && amount <= MAX_IN_MILLIONTHS) return amount * 10 ** decimals;
  const { digits, scale } = decimal(amount);
  const excess = scale - decimals;
  const divisor = 10n ** BigInt(Math.max(excess, 0));
  const units = (digits * 10n ** BigInt(Math.max(-excess, 0)) + divisor - 1n) / divisor;
  return units > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(units);
}

/** Back from a counter's unit to the policy's own. */
export function fromUnits(units: number, unit: 'one' | 'millionth'): number {
  return unit === 'millionth' ? units / 10 ** DECIMALS : units;
}

/** Whether a number has at most six decimals as it is written. */
export function hasSixDecimals(amount: number): boolean {
  return decimal(amount).scale <= DECIMALS;
}

/** A number from 0 as `digits × 10^-scale`, read off its shortest decimal form. */
function decimal(amount: number): { readonly digits: bigint; readonly scale: number } {
  const [mantissa = '0', exponent = '0'] = String(amount).split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(whole + fraction), scale: fraction.length - Number(exponent) };
}
