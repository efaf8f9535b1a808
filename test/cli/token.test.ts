import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../support/cli.ts';

/** What a server that is not ours might say. */
let said: { readonly status: number; readonly body: string | Buffer };
let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer((req, res) => {
    req.resume().on('end', () => {
      res.writeHead(said.status, { 'content-type': 'application/json' }).end(said.body);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

const WHO = ['--tenant', 'acme', '--project', 'billing', '--client', 'backend', '--email', 'a@b.example'];

async function ask(status: number, body: unknown) {
  said = { status, body: typeof body === 'string' ? body : JSON.stringify(body) };
  const { code, stdout, stderr } = await run(['token', '--user', '--url', url, ...WHO]);
  return { code, stdout, stderr };
}

describe('portcullis token', () => {
  it.each([
    [[], 'expected either `--user` or `--admin`, `--tenant`, `--project`, `--client`, `--email`'],
    [['--user', '--tenant', 'acme', '--client', 'backend'], 'expected `--project`, `--email`'],
    [['--user', '--admin', ...WHO], 'expected either `--user` or `--admin`'],
  ])('names all that is missing at once: %j', async (flags, message) => {
    const { code, stderr } = await run(['token', ...flags]);
    expect({ code, message: stderr.trim().split('\n')[0] }).toEqual({
      code: 2,
      message: `portcullis: ${message}`,
    });
  });

  it.each<readonly [string, number, unknown, string]>([
    [
      'control characters',
      401,
      { reason: 'no\u001b]0;title\u0007\nway\u009b31m\u202e', id: 'x\u001b[2J' },
      'the token service answered 401: no\uFFFD]0;title\uFFFD\uFFFDway\uFFFD31m\uFFFD',
    ],
    ['a novel', 401, { reason: 'n'.repeat(5000) }, `the token service answered 401: ${'n'.repeat(200)}…`],
    [
      'a token with control characters',
      200,
      { access_token: 'a.b.c\u001b[2J' },
      'the token service answered 200',
    ],
    ['no JSON', 502, '<html>', 'the token service answered 502'],
    ['a list', 500, [1], 'the token service answered 500'],
    ['too much', 200, { access_token: 'a.b.c', rest: 'x'.repeat(70_000) }, 'the token service answered 200'],
  ])('prints nothing of a server that says %s', async (_what, status, body, message) => {
    expect(await ask(status, body)).toEqual({ code: 1, stdout: '', stderr: `portcullis: ${message}\n` });
  });

  it('prints the token of one that gives one', async () => {
    expect(await ask(200, { access_token: 'a.b.c' })).toEqual({ code: 0, stdout: 'a.b.c\n', stderr: '' });
  });
});
