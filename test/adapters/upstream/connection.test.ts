import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  broken,
  closing,
  get,
  http,
  json,
  listening,
  never,
  post,
  tcp,
  unreached,
  upstream,
} from './servers.ts';

describe('no connection', () => {
  it('a port that nobody listens on', async () => {
    const port = await http(() => {});
    await closing.pop()?.();
    expect(await upstream(port).send(post, never)).toEqual(
      unreached('unreachable', 'FusionAuth cannot be reached (ECONNREFUSED)'),
    );
  });

  it('a name that does not resolve', async () => {
    const reply = await upstream(0, { url: 'http://nowhere.invalid' }).send(post, never);
    expect(reply).toEqual(
      unreached('unreachable', /^FusionAuth cannot be reached \((ENOTFOUND|EAI_AGAIN)\)$/),
    );
  });

  it('a server that speaks no TLS', async () => {
    const port = await http((_, response) => response.end());
    const reply = await upstream(port, { url: `https://127.0.0.1:${port}` }).send(post, never);
    expect(reply).toEqual(
      unreached(
        'unreachable',
        /^FusionAuth cannot be reached \([A-Z_]+\): it does not speak TLS there; is its URL one of http\?$/,
      ),
    );
  });

  it('a TLS handshake that never ends', async () => {
    const port = await tcp(() => {});
    const url = `https://127.0.0.1:${port}`;
    const started = Date.now();
    expect(await upstream(port, { url, connectTimeoutMs: 200 }).send(post, never)).toEqual(
      unreached('timeout', 'no connection to FusionAuth within 200 ms'),
    );
    expect(Date.now() - started).toBeLessThan(1_500);
  });

  it('all connections taken until the time is up, which spends none of them', async () => {
    let asked = 0;
    let connections = 0;
    const server = createServer((_, response) => {
      asked++;
      setTimeout(() => response.end(), 300);
    });
    server.on('connection', () => connections++);
    const port = await listening(server);
    const proxy = upstream(port, { connections: 1, responseTimeoutMs: 400 });
    const first = proxy.send(post, never);
    await sleep(10);
    const second = new AbortController();
    const waiting = proxy.send(post, second.signal);
    second.abort();
    expect(await waiting).toEqual(unreached('cancelled', 'the call was cancelled'));
    expect(await first).toMatchObject({ got: 'result' });
    expect(await proxy.send(get, never)).toMatchObject({ got: 'result' });
    expect({ asked, connections }).toEqual({ asked: 2, connections: 1 });

    const replies = await Promise.all([1, 2, 3].map(() => proxy.send(post, never)));
    expect(
      replies.map((reply) => (reply.got === 'nothing' ? [reply.reached, reply.fault] : reply.got)),
    ).toEqual(['result', [true, 'timeout'], [false, 'timeout']]);
  });

  it('after closing', async () => {
    const port = await http((_, response) => response.end());
    const proxy = upstream(port);
    await proxy.close();
    await proxy.close();
    expect(await proxy.send(post, never)).toEqual(unreached('unreachable', 'this proxy is shutting down'));
  });
});

describe('a connection that goes wrong', () => {
  const cut = /^the connection to FusionAuth broke before its answer was complete \([A-Za-z_]+\)$/;
  const talks: readonly (readonly [name: string, talk: (socket: Socket) => void, reply: unknown])[] = [
    ['reset after the request', (socket) => socket.once('data', () => socket.resetAndDestroy()), broken(cut)],
    ['closed after the request', (socket) => socket.once('data', () => socket.end()), broken(cut)],
    [
      'reset within the answer',
      (socket) =>
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"a":', () =>
            setTimeout(() => socket.resetAndDestroy(), 20),
          );
        }),
      broken(cut),
    ],
    [
      'closed before the last chunk',
      (socket) =>
        socket.once('data', () =>
          socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n'),
        ),
      broken(cut),
    ],
    ['not HTTP', (socket) => socket.once('data', () => socket.end('SSH-2.0-x\r\n\r\n')), broken(cut)],
    [
      'headers without end',
      (socket) =>
        socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\nA: ${'x'.repeat(100_000)}\r\n\r\n{}`)),
      broken(cut),
    ],
    [
      'no headers',
      () => {},
      { got: 'nothing', reached: true, fault: 'timeout', why: 'FusionAuth did not answer within 300 ms' },
    ],
    [
      'headers, then nothing',
      (socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n')),
      { got: 'nothing', reached: true, fault: 'timeout', why: 'FusionAuth did not answer within 300 ms' },
    ],
    [
      'a body that drips for ever',
      (socket) => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n');
          const drip = setInterval(() => socket.write('{'), 20);
          socket.on('close', () => clearInterval(drip));
        });
      },
      { got: 'nothing', reached: true, fault: 'timeout', why: 'FusionAuth did not answer within 300 ms' },
    ],
  ];
  for (const [name, talk, reply] of talks) {
    it(`${name}, and the request was sent once`, async () => {
      let requests = 0;
      const port = await tcp((socket) => {
        socket.on('data', (data) => {
          if (data.includes('HTTP/1.1\r\n')) requests++;
        });
        talk(socket);
      });
      for (const request of [post, get]) {
        requests = 0;
        expect(await upstream(port, { responseTimeoutMs: 300 }).send(request, never)).toEqual(reply);
        await sleep(50);
        expect(requests).toBe(1);
      }
    });
  }

  it('an idle connection that FusionAuth closed is replaced', async () => {
    const port = await tcp((socket) => {
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}', () =>
          setTimeout(() => socket.end(), 20),
        );
      });
    });
    const proxy = upstream(port);
    for (let n = 0; n < 3; n++) {
      expect(await proxy.send(post, never)).toMatchObject({ got: 'result' });
      await sleep(80);
    }
  });

  it('a connection that dies as it is used again is not tried again', async () => {
    let requests = 0;
    const port = await tcp((socket) => {
      socket.on('data', () => {
        requests++;
        if (requests === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
        else socket.resetAndDestroy();
      });
    });
    const proxy = upstream(port);
    expect(await proxy.send(post, never)).toMatchObject({ got: 'result' });
    expect(await proxy.send(post, never)).toEqual(broken(cut));
    await sleep(50);
    expect(requests).toBe(2);
  });

  it('that breaks leaves no other call in doubt: one request at a time on a connection', async () => {
    const perConnection: number[] = [];
    const port = await tcp((socket) => {
      const number = perConnection.push(0) - 1;
      socket.on('data', (data) => {
        perConnection[number] = (perConnection[number] ?? 0) + data.toString().split('HTTP/1.1').length - 1;
        if (number > 0) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
        else setTimeout(() => socket.resetAndDestroy(), 50);
      });
    });
    const proxy = upstream(port, { connections: 1 });
    const [first, second] = await Promise.all([proxy.send(get, never), proxy.send(get, never)]);
    expect([first, second]).toEqual([broken(cut), { got: 'result', status: 200, body: {} }]);
    expect(perConnection).toEqual([1, 1]);
  });

  it('an answer larger than the bound', async () => {
    const port = await http(json(200, JSON.stringify({ a: 'x'.repeat(1_000) })));
    expect(await upstream(port, { maxBytes: 1_007 }).send(get, never)).toEqual(
      broken('FusionAuth answered with more than 1007 bytes'),
    );
    expect(await upstream(port, { maxBytes: 1_008 }).send(get, never)).toMatchObject({ got: 'result' });
  });

  it('an answer without end is cut at the bound', async () => {
    let wrote = 0;
    const port = await http((_, response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x20))) wrote += 65_536;
      };
      response.on('drain', more);
      more();
    });
    expect(await upstream(port).send(get, never)).toEqual(
      broken('FusionAuth answered with more than 4194304 bytes'),
    );
    expect(wrote).toBeLessThan(64 * 1024 * 1024);
  });
});
