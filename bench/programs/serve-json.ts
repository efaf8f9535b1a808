import { createServer, type IncomingMessage } from 'node:http';

/** What the references have in common: a port of their own, and POSTs of JSON that are answered with JSON. */
export function serveJson(answer: (message: Message) => string | Promise<string>): void {
  const server = createServer(async (req, res) => {
    const body = await answer(JSON.parse(await read(req)) as Message);
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    res.end(body);
  });
  server.keepAliveTimeout = 65_000;
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address !== null && typeof address === 'object') {
      process.stderr.write(`listening on http://127.0.0.1:${address.port}\n`);
    }
  });
}

/** A JSON-RPC request, as far as a reference looks at it. */
export interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly arguments?: { readonly keyId?: string } };
}

function read(req: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    req.on('data', (piece: Buffer) => pieces.push(piece));
    req.on('end', () => resolve(Buffer.concat(pieces).toString()));
  });
}
