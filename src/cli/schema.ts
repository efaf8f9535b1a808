import { operations } from '../catalog/operations.ts';
import { policySchema } from '../policy/policy-schema.ts';
import { type ExitCode, exit } from './exit-codes.ts';
import type { Tools } from './load-policy.ts';

/** `portcullis schema`: the policy language as a JSON Schema, for editors. */
export function schema(tools: Tools): ExitCode {
  process.stdout.write(`${JSON.stringify(policySchema(tools === 'any' ? null : operations), null, 2)}\n`);
  return exit.fine;
}
