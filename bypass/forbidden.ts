import type { Forbidden } from './attack.ts';
import type { Arrival } from './upstream.ts';

/** What arrived although it may not, in words; empty where the attack failed. Reads requests as leniently as any server could. */
export function trespasses(arrivals: readonly Arrival[], forbidden: readonly Forbidden[]): readonly string[] {
  return forbidden.flatMap((one) => {
    const matching = arrivals.filter((arrival) => matches(arrival, one));
    if (one.more_than !== undefined) {
      const most = mostWithin(matching, one.more_than.within_ms ?? Number.POSITIVE_INFINITY);
      return most > one.more_than.count ? [`${most} requests like \`${one.request}\` arrived`] : [];
    }
    if (one.sum_above !== undefined) {
      const { name, sum } = one.sum_above;
      const total = matching.flatMap((arrival) => numbersOf(arrival, name)).reduce((a, b) => a + b, 0);
      return total <= sum ? [] : [`\`${name}\` of what arrived adds up to ${total}`];
    }
    return matching.map(({ method, target, body }) => `arrived: ${method} ${target} ${body.slice(0, 200)}`);
  });
}

function matches(arrival: Arrival, { request, mentions, lacks, number }: Forbidden): boolean {
  if (!new RegExp(request).test(`${arrival.method} ${arrival.target}`)) return false;
  const said = plain(`${arrival.target} ${arrival.body}`);
  if (mentions !== undefined && !mentions.some((word) => said.includes(plain(word)))) return false;
  if (lacks?.some((word) => said.includes(plain(word)))) return false;
  if (number === undefined) return true;
  return numbersOf(arrival, number.name).some((value) => !(value >= number.below && value <= number.above));
}

const LOOK_ALIKES = new Map([...'аеорсухіѕԁӏ'].map((letter, i) => [letter, [...'aeopcyxisdl'][i] ?? '']));

/** Text without what hides a word: escapes, percent signs, case, compatibility forms, look-alikes, invisible characters. */
function plain(text: string): string {
  return unescaped(percentDecoded(text))
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\p{Cf}\p{Mn}\s]/gu, '')
    .replaceAll(/\p{Letter}/gu, (letter) => LOOK_ALIKES.get(letter) ?? letter);
}

function percentDecoded(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (codes) =>
    Buffer.from(codes.replaceAll('%', ''), 'hex').toString(),
  );
}

function unescaped(text: string): string {
  return text.replaceAll(/\\u([0-9a-f]{4})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Every value that a member of that name has, NaN where it is no number. */
function numbersOf({ body }: Arrival, name: string): readonly number[] {
  const values = plain(body).matchAll(new RegExp(`"${plain(name)}":([^,}\\]]*)`, 'g'));
  return Array.from(values, ([, value = '']) => Number(value.replaceAll('"', '') || Number.NaN));
}

function mostWithin(arrivals: readonly Arrival[], ms: number): number {
  return Math.max(
    0,
    ...arrivals.map(
      (first) => arrivals.filter(({ atMs }) => atMs >= first.atMs && atMs < first.atMs + ms).length,
    ),
  );
}
