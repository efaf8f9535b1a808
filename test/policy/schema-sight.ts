import { PROBLEMS, type ProblemCode } from '../../src/policy/problem-codes.ts';

/** What a schema says of a file with these problems: accepted, refused, or either where it sees only some of their forms. */
export function sightOf(codes: readonly ProblemCode[]): readonly boolean[] {
  const sights = codes.map((code) => PROBLEMS[code].inSchema);
  if (sights.includes('always')) return [false];
  return sights.includes('sometimes') ? [true, false] : [true];
}
