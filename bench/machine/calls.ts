import type { HttpCall } from './http-load.ts';

/** The frame of a `tools/call`, cut where the id stands. */
export function toolCall(name: string, args: object): Pick<HttpCall, 'before' | 'after'> {
  const params = JSON.stringify({ name, arguments: args });
  return { before: '{"jsonrpc":"2.0","id":', after: `,"method":"tools/call","params":${params}}` };
}

/** A read that the default policy allows. */
export const allowedCall = toolCall('fusionauth-retrievejwtpublickey', { keyId: 'rs256-2026-01' });

/** A revocation that the default policy denies. */
export const deniedCall = toolCall('fusionauth-deletejwtrefresh', {
  userId: '7d3f2a10-0c2b-4d8e-9d35-2f6a5a0b1c11',
});

/** The call of `echo`, which is not ours. */
export const echoCall = toolCall('echo', { keyId: 'rs256-2026-01' });
