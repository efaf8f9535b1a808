import { CallToolResultSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { httpAgent, stdioAgent } from './clients.ts';
import { modernAgent } from './modern-clients.ts';

/** Clients by how they choose an era, and the revision that they end up with. */
export const CLIENTS = [
  { name: 'the 2.x client that looks what is spoken', mode: 'auto', speaks: '2026-07-28' },
  { name: 'the 2.x client that speaks 2026-07-28 alone', mode: { pin: '2026-07-28' }, speaks: '2026-07-28' },
  { name: 'the 2.x client that initializes', mode: 'legacy', speaks: '2025-11-25' },
  { name: 'the 1.x client', mode: null, speaks: '2025-11-25' },
] as const;

/** Where a client finds the proxy: a URL, or the arguments and settings of a process of its own. */
export type Address =
  | { readonly url: string }
  | { readonly args: readonly string[]; readonly env?: Readonly<Record<string, string>> };

/** One of them, connected. */
export async function connect(to: Address, mode: (typeof CLIENTS)[number]['mode']) {
  if (mode !== null) {
    const agent = await modernAgent(to, mode);
    return {
      ...agent,
      callUntil: (signal: AbortSignal, name: string, args: Record<string, unknown>) =>
        agent.client.callTool({ name, arguments: args }, { signal }),
    };
  }
  const { client } = 'url' in to ? await httpAgent(to.url) : await stdioAgent(to.args, to.env);
  let changes = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    changes++;
  });
  return {
    client,
    changes: () => changes,
    callUntil: (signal: AbortSignal, name: string, args: Record<string, unknown>) =>
      client.callTool({ name, arguments: args }, CallToolResultSchema, { signal }),
  };
}
