import {
  Client,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { bin, cleanEnv } from './cli.ts';

/** The second SDK's own client, which knows both eras. */
export interface ModernAgent {
  readonly client: Client;
  /** How often it heard that tools changed. */
  changes(): number;
}

/** An agent over HTTP, or over stdio with a process of its own. */
export async function modernAgent(
  to:
    | { readonly url: string }
    | { readonly args: readonly string[]; readonly env?: Readonly<Record<string, string>> },
  mode: VersionNegotiationMode,
): Promise<ModernAgent> {
  let changes = 0;
  const onChanged = () => {
    changes++;
  };
  const client = new Client(
    { name: 'test', version: '0' },
    {
      versionNegotiation: { mode },
      listChanged: { tools: { onChanged, autoRefresh: false, debounceMs: 0 } },
    },
  );
  const transport =
    'url' in to
      ? new StreamableHTTPClientTransport(new URL(to.url))
      : new StdioClientTransport({
          command: process.execPath,
          args: [bin, ...to.args],
          env: cleanEnv(to.env),
          stderr: 'ignore',
        });
  await client.connect(transport);
  return { client, changes: () => changes };
}
