import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { type ListenerTerms, openListener } from '../../src/doors/http-listener.ts';
import { openRaw, type RawClient, until } from './support.ts';

const MIB = 1024 * 1024;
const request = (path: string | number) => `GET /${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const requests = (count: number) => Array.from({ length: count }, (_, i) => request(i)).join('');
const paths = (count: number) => Array.from({ length: count }, (_, i) => `/${i}`);

/** A door that writes down what it is asked, and a client of it. */
async function open(
  terms: Partial<ListenerTerms> & Pick<ListenerTerms, 'handle'>,
): Promise<{ client: RawClient; asked: string[]; close: () => Promise<void> }> {
  const asked: string[] = [];
  const listener = await openListener({
    host: '127.0.0.1',
    port: 0,
    bodyMs: 10_000,
    log: () => {},
    ...terms,
    handle: (req, res) => {
      asked.push(req.url ?? '');
      return terms.handle(req, res);
    },
  });
  onTestFinished(() => listener.close(0));
  const client = await openRaw(listener.address.port);
  onTestFinished(() => void client.socket.destroy());
  return { client, asked, close: () => listener.close(1000) };
}

const answers = (heard: string) => heard.match(/answer to \/[0-9]+\n/g)?.length ?? 0;
const tell = (req: IncomingMessage, res: ServerResponse, padding = '') =>
  res.end(`${padding}answer to ${req.url}\n`);

test('of the requests of a connection sixteen are seen to at a time, and all are answered in their order', async () => {
  const open16: (() => void)[] = [];
  const { client, asked } = await open({
    handle: (req, res) => void open16.push(() => tell(req, res)),
  });
  client.socket.write(requests(100));
  await until(() => asked.length === 16, 'sixteen requests');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(asked).toEqual(paths(16));
  // The first answer lets the next request in; those behind it do not, while it is not there.
  for (const answer of open16.splice(0, 3)) answer();
  await until(() => asked.length === 19, 'three more');
  for (const answer of open16.splice(0).reverse()) answer();
  const going = setInterval(() => open16.splice(0).forEach((answer) => void answer()), 1);
  await until(() => answers(client.heard()) === 100, 'all answers');
  clearInterval(going);
  expect(client.heard().match(/(?<=answer to )\S+/g)).toEqual(paths(100));
});

test('a client that reads no answer is not seen to any more', async () => {
  const { client, asked } = await open({
    handle: async (req, res) => void tell(req, res, 'x'.repeat(MIB)),
  });
  client.socket.pause();
  client.socket.write(requests(60));
  await until(() => asked.length >= 16, 'the first requests');
  await new Promise((resolve) => setTimeout(resolve, 300));
  // The kernel takes some megabytes for a client that does not read.
  expect(asked.length).toBeLessThan(40);
  client.socket.resume();
  await until(() => answers(client.heard()) === 60, 'all answers', 20_000);
});

test('a connection with more than 256 requests without an answer is ended', async () => {
  const { client, asked } = await open({ handle: () => {} });
  client.socket.write(requests(256));
  await until(() => asked.length === 16, 'the first requests');
  expect(client.socket.closed).toBe(false);
  client.socket.write(request(256));
  await client.ended();
  expect(asked.length).toBe(16);
});

test('what waits for the answers before it counts as unread', async () => {
  const { client, asked } = await open({
    maxUnreadBytes: 8 * MIB,
    handle: (req, res) => {
      if (req.url !== '/0') tell(req, res, 'x'.repeat(MIB));
    },
  });
  client.socket.write(requests(12));
  await until(() => asked.length === 12, 'the requests');
  await client.ended();
  expect(client.heard()).toBe('');
});

test('requests that wait when the door closes are told so', async () => {
  const held: (() => void)[] = [];
  const { client, asked, close } = await open({ handle: (req, res) => void held.push(() => tell(req, res)) });
  client.socket.write(requests(20));
  await until(() => asked.length === 16, 'the first requests');
  const closed = close();
  for (const answer of held) answer();
  await client.ended();
  await closed;
  expect(asked.length).toBe(16);
  expect(answers(client.heard())).toBe(16);
  expect(client.heard()).toMatch(/HTTP\/1.1 503 .*shutting down/s);
});
