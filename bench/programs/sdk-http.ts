import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { createEcho } from './echo.ts';

/** The SDK's echo on its own Streamable HTTP transport: a session each `initialize`, JSON answers. */
const sessions = new Map<string, StreamableHTTPServerTransport>();

const server = createServer(async (req, res) => {
  const id = req.headers['mcp-session-id'];
  const known = typeof id === 'string' ? sessions.get(id) : undefined;
  await (known ?? (await openSession())).handleRequest(req, res);
});
server.keepAliveTimeout = 65_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') {
    process.stderr.write(`listening on http://127.0.0.1:${address.port}/mcp\n`);
  }
});

async function openSession(): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    enableJsonResponse: true,
    onsessioninitialized: (id) => {
      sessions.set(id, transport);
    },
  });
  // The class declares optional callbacks in another way than its interface does.
  await createEcho().connect(transport as Transport);
  return transport;
}
