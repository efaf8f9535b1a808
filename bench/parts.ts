/** What the suite `decide` measures by itself, beside the commands. */
export { operations } from '../src/catalog/operations.ts';
export { callParser } from '../src/pipeline/parse-call.ts';
export { decide } from '../src/policy/decide.ts';
export { parsePolicy } from '../src/policy/parse.ts';
export { prepare } from '../src/policy/prepare.ts';
