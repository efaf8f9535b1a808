import type { Guard } from '../model/index.ts';
import type { Client } from '../model/tokens.ts';
import type { Verdict } from './verdict.ts';

/** Counts a request against its client; the refusal where it is one too many, else null. */
export async function countRequest(client: Client, guard: Guard): Promise<Verdict | null> {
  const tooMany = await guard.count('token_request', `client ${keyOf(client)}`);
  return tooMany === null ? null : { may: false, code: 'too_many_requests', client, ...tooMany };
}

/**
 * Whether a verdict may be told and acted on. A failure is counted for its client at its address before anybody hears
 * of it, and after too many a right guess is refused like them: so those that are sent at once get no more answers than
 * those one after another.
 */
export async function countJudgement(
  verdict: Verdict,
  { address, guard }: { readonly address: string; readonly guard: Guard },
): Promise<Verdict> {
  const { client } = verdict;
  const who = client === undefined ? address : `client ${keyOf(client)} at ${address}`;
  const tooMany = await guard[verdict.may === true ? 'look' : 'count']('failed_authentication', who);
  if (tooMany === null) return verdict;
  return { may: false, code: 'too_many_requests', ...(client === undefined ? {} : { client }), ...tooMany };
}

/** Names have no spaces. */
function keyOf({ tenant, project, id }: Client): string {
  return `${tenant} ${project} ${id}`;
}
