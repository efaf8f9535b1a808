import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { createEcho } from './echo.ts';

/** The reference of stdio, and the server behind the peers: the SDK's echo on its own stdio transport. */
await createEcho().connect(new StdioServerTransport());
