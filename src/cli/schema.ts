import { casesSchema } from '../policy/cases-schema.ts';
import { policySchema } from '../policy/policy-schema.ts';
import { IDENTITY_SCHEMA, TIME_SCHEMA } from './call-line.ts';
import { type ExitCode, exit } from './exit-codes.ts';
import { type Tools, toolsOf } from './load-policy.ts';

/** What is described: policies, or their test files. */
export type Described = 'policies' | 'tests';

/** `portcullis schema`: the policy language, or that of test files, as a JSON Schema, for editors. */
export function schema(of: Described, tools: Tools): ExitCode {
  const known = toolsOf(tools);
  const forms = { tools: known, identity: IDENTITY_SCHEMA, time: TIME_SCHEMA };
  const printed = of === 'tests' ? casesSchema(forms) : policySchema(known);
  process.stdout.write(`${JSON.stringify(printed, null, 2)}\n`);
  return exit.fine;
}
