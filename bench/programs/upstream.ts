import { createServer } from 'node:http';

/** Stands where FusionAuth would, and answers every request alike: its own time is not what is measured. */
const body = JSON.stringify({ publicKey: process.env['BENCH_PEM'] ?? '' });
const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };

const server = createServer((req, res) => {
  req.resume();
  res.writeHead(200, headers);
  res.end(body);
});
server.keepAliveTimeout = 65_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') {
    process.stderr.write(`listening on http://127.0.0.1:${address.port}\n`);
  }
});
