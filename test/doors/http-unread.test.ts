import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openListener } from '../../src/doors/http-listener.ts';
import { until } from './support.ts';

const MIB = 1024 * 1024;
const MAX_UNREAD = 64 * MIB;
/** More than what the kernel takes for a client that does not read. */
const ANSWER = Buffer.alloc(16 * MIB, 'x');
const CLIENTS = 20;

test('what clients leave unread is bounded for all of them together, and who reads is served', async () => {
  const served: Socket[] = [];
  const listener = await openListener({
    host: '127.0.0.1',
    port: 0,
    bodyMs: 10_000,
    maxUnreadBytes: MAX_UNREAD,
    handle: async (req, res) => {
      if (req.url === '/') served.push(req.socket);
      res.end(req.url === '/' ? ANSWER : 'small');
    },
    log: () => {},
  });
  onTestFinished(() => listener.close(0));
  const { port } = listener.address;
  for (let i = 0; i < CLIENTS; i++) {
    const client = connect({ port, host: '127.0.0.1' });
    client.on('error', () => {});
    client.pause();
    client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    onTestFinished(() => void client.destroy());
  }
  const alive = () => served.filter(({ destroyed }) => !destroyed);
  const unread = () => alive().reduce((sum, { writableLength }) => sum + writableLength, 0);
  await until(() => served.length === CLIENTS && unread() <= MAX_UNREAD, 'the bound to be kept');
  // No more were ended than had to be.
  expect(unread()).toBeGreaterThan(MAX_UNREAD - ANSWER.length);
  const answer = await fetch(`http://127.0.0.1:${port}/small`);
  expect(await answer.text()).toBe('small');
});
