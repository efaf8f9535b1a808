// A plain TCP balancer: each new connection goes to the next proxy, whoever comes. `node balancer.js PORT PORT…`:
// the first is its own, the others are those of the proxies, all on 127.0.0.1.
import { connect, createServer } from 'node:net';

const [own, ...proxies] = process.argv.slice(2).map(Number);
let turn = 0;

createServer((client) => {
  const proxy = connect(proxies[turn++ % proxies.length], '127.0.0.1');
  client.on('error', () => proxy.destroy()).on('close', () => proxy.destroy());
  proxy.on('error', () => client.destroy()).on('close', () => client.destroy());
  client.pipe(proxy).pipe(client);
}).listen(own, '127.0.0.1', () => console.log(`balancing ${proxies.length} proxies on port ${own}`));
