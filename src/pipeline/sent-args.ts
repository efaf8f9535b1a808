import type { Json, SentArgs, Violation } from '../model/index.ts';
import { writePath } from '../policy/paths.ts';
import { type Fault, MAX_LEVELS, type ParsedJson } from './parse-json.ts';

const MAX_BYTES = 1024 * 1024;
const EXPECTED: Readonly<Record<Fault['why'], string>> = {
  duplicate_key: 'each key once',
  forbidden_key: 'no key named `__proto__`, `constructor` or `prototype`',
  too_deep: `at most ${MAX_LEVELS} levels of nesting`,
  number_out_of_range: 'a number that a double can hold',
  not_unicode: 'well-formed Unicode',
};

/**
 * The arguments in a parsed text, with what is wrong with the text itself (policy-language.md, "Bounds on arguments").
 *
 * @param watch where the arguments stand, as it was given to `parseJson`.
 * @param value the arguments; undefined where there are none.
 */
export function sentArgs(
  parsed: Extract<ParsedJson, { ok: true }>,
  watch: readonly string[],
  value: Json | undefined,
): SentArgs {
  const faults: Violation[] = parsed.faults
    .filter((fault) => watch.every((name, i) => fault.path[i] === name))
    .map((fault) => ({
      path: writePath('args', fault.path.slice(watch.length)),
      expected: EXPECTED[fault.why],
    }));
  if (parsed.watchedBytes > MAX_BYTES) faults.push({ path: 'args', expected: 'at most 1 MiB of JSON text' });
  return { value, faults };
}
