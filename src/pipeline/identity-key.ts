/** Doors bind sessions to the same identities by which the policy counts. */
export { ANONYMOUS, identityKey } from '../policy/subjects.ts';
