import type {
  Identity,
  Instant,
  JsonObject,
  PolicyCode,
  Position,
  RuleId,
  Transport,
} from '../model/index.ts';

/** A test file as a value (docs/testing.md): cases of one policy, each with its own counters and its own clock. */
export interface CaseFile {
  /** The policy's file, as written: relative to the test file. */
  readonly policy: string;
  readonly cases: readonly Case[];
}

/** One call, the calls before it, and what is expected of it. */
export interface Case {
  readonly name: string;
  readonly place: Position;
  /** In the order of their times, none after the call itself. */
  readonly given: readonly GivenCall[];
  readonly call: CaseCall;
  readonly expect: Expected;
}

export interface CaseCall {
  /** The name that agents use. */
  readonly tool: string;
  readonly args: JsonObject;
  readonly identity: Identity;
  readonly session: string;
  readonly transport: Transport;
  readonly at: Instant;
}

/** A call that was made before, one or more times. */
export interface GivenCall extends CaseCall {
  readonly place: Position;
  readonly times: number;
  /** What FusionAuth would have done with it. */
  readonly outcome: 'ok' | 'upstream_error' | 'unreached';
  /** When the outcome became known. */
  readonly settledAt: Instant;
  readonly expect: Expected;
}

/** All that a case can expect of a decision. Members are named as in test files and their results. */
export interface Ending {
  readonly verdict: 'allow' | 'deny';
  readonly code: string;
  readonly rule: RuleId | null;
  /** Whole seconds, rounded up, as the agent is told them. */
  readonly retry_after_s: number | null;
  readonly reason: string | null;
  /** The code that observe mode holds back; null: none. */
  readonly would: string | null;
  readonly would_rule: RuleId | null;
}

/** What is written of an ending; the rest is not compared. */
export type Expected = Partial<Ending>;

/** The codes that observe mode can hold back. */
const WOULD_CODES: Readonly<Record<PolicyCode, true>> = {
  not_listed: true,
  not_granted: true,
  invalid_arguments: true,
  denied_by_rule: true,
  condition_failed: true,
  rate_limited: true,
  budget_exceeded: true,
};
export const wouldCodes: readonly string[] = Object.keys(WOULD_CODES);

/** The codes with which a policy can deny a call. */
export const denyCodes: readonly string[] = ['unknown_tool', ...wouldCodes];

/** The members of an ending that are not as expected; none where the case passed. */
export function differences(expected: Expected, actual: Ending): readonly (keyof Ending)[] {
  const members = Object.keys(actual) as readonly (keyof Ending)[];
  return members.filter((member) => Object.hasOwn(expected, member) && expected[member] !== actual[member]);
}
