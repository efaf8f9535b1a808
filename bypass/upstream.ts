import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

/** A request that arrived where FusionAuth would be. */
export interface Arrival {
  readonly atMs: number;
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly body: string;
}

/** What stands in FusionAuth's place: it says yes to everything and remembers it. */
export interface Upstream {
  readonly url: string;
  readonly arrivals: readonly Arrival[];
  close(): Promise<void>;
}

const DECODERS = new Map<string, (bytes: Buffer) => Buffer>([
  ['gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
]);

/** Starts it on a loopback port; 0 for any. */
export async function openUpstream(port: number): Promise<Upstream> {
  const arrivals: Arrival[] = [];
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const decode = DECODERS.get(req.headers['content-encoding'] ?? '');
    const bytes = Buffer.concat(chunks);
    arrivals.push({
      atMs: performance.now(),
      method: req.method ?? '',
      target: req.url ?? '',
      body: (decode === undefined ? bytes : decode(bytes)).toString(),
    });
    res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
