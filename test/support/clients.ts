import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { bin, cleanEnv } from './cli.ts';

/** A tool result as the tests look at it. */
export interface Result {
  readonly isError: boolean;
  readonly text: string;
  readonly structured: Readonly<Record<string, unknown>>;
  readonly decision: Readonly<Record<string, unknown>>;
}

/** The SDK's own client, connected. */
export interface Agent {
  readonly client: Client;
  call(name: string, args: Record<string, unknown>): Promise<Result>;
  close(): Promise<void>;
}

/** An agent over HTTP, with a token where it is given one. */
export async function httpAgent(url: string, token?: string): Promise<Agent> {
  const client = new Client({ name: 'test', version: '0' });
  const requestInit = token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  return agent(client);
}

/** An agent over stdio, with a process of its own. */
export async function stdioAgent(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Agent> {
  const client = new Client({ name: 'test', version: '0' });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [bin, ...args],
    env: cleanEnv(env),
    stderr: 'ignore',
  });
  await client.connect(transport);
  return agent(client);
}

function agent(client: Client): Agent {
  return {
    client,
    async call(name, args) {
      const result = await client.callTool({ name, arguments: args });
      const [first] = result.content as readonly { readonly text?: string }[];
      const meta = (result._meta ?? {}) as Record<string, Record<string, unknown>>;
      return {
        isError: result.isError === true,
        text: first?.text ?? '',
        structured: (result.structuredContent ?? {}) as Record<string, unknown>,
        decision: meta['portcullis/decision'] ?? {},
      };
    },
    close: () => client.close(),
  };
}
