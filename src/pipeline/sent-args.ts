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
  const own = parsed.faults
    .filter((fault) => watch.every((name, i) => fault.path[i] === name))
    .map((fault) => ({ ...fault, path: fault.path.slice(watch.length) }));
  const faults = [...faultsOf({ faults: own }, 'args')];
  if (parsed.watchedBytes > MAX_BYTES) faults.push({ path: 'args', expected: 'at most 1 MiB of JSON text' });
  return { value, faults };
}

/** What is wrong with a parsed text, in words; `root` is what its value is called. */
export function faultsOf(
  { faults }: { readonly faults: readonly Fault[] },
  root: string,
): readonly Violation[] {
  return faults.map(({ path, why }) => ({ path: writePath(root, path), expected: EXPECTED[why] }));
}
