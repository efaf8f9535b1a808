import { expect, test } from 'vitest';
import { useDoor } from './http-rows.ts';
import { type Headers, openSession, send, startHttp } from './support.ts';

const { door } = useDoor();

test('HTTP: pages beside /mcp answer GET alone', async () => {
  const base = door().url.replace('/mcp', '');
  const get = (path: string) => send(`${base}${path}`, { method: 'GET' });
  expect(await get('/healthz')).toMatchObject({ status: 200, text: '{"status":"ok"}' });
  expect(await get('/readyz')).toMatchObject({ status: 200, text: '{"status":"ready"}' });
  door().gate.reasons = ['the limit store does not answer'];
  expect(await get('/readyz')).toMatchObject({
    status: 503,
    text: '{"status":"not ready","reasons":["the limit store does not answer"]}',
  });
  door().gate.reasons = [];
  expect((await get('/metrics')).status).toBe(404);
  expect((await get('/sse')).text).toBe('{"error":"not found; MCP is at the path /mcp"}');
  expect((await send(`${base}/healthz`, { body: '{}' })).headers['allow']).toBe('GET');
  const other = await startHttp({ metrics: () => 'up 1\n' });
  const metrics = await send(other.url.replace('/mcp', '/metrics'), { method: 'GET' });
  expect(metrics).toMatchObject({ status: 200, text: 'up 1\n' });
  expect(metrics.headers['content-type']).toContain('text/plain; version=0.0.4');
  await other.close();
});

const guarded = [
  ['new_session', 200],
  ['failed_authentication', 401],
  ['bad_request', 400],
] as const;

for (const [act, usual] of guarded) {
  test(`HTTP: ${act} too often is 429 with Retry-After, and the connection ends`, async () => {
    for (const [refused, status] of [
      [[], usual],
      [[act], 429],
    ] as const) {
      const other = await startHttp({ refused });
      const headers: Headers =
        act === 'failed_authentication'
          ? { authorization: 'Bearer nonsense' }
          : { authorization: 'Bearer anna' };
      const body =
        act === 'bad_request'
          ? 'nonsense'
          : JSON.stringify({
              jsonrpc: '2.0',
              id: 1,
              method: 'initialize',
              params: {
                protocolVersion: '2025-11-25',
                capabilities: {},
                clientInfo: { name: 'x', version: '1' },
              },
            });
      const answer = await send(other.url, { headers, body });
      expect(answer.status).toBe(status);
      const who = act === 'failed_authentication' ? '127.0.0.1' : '["https://id","t1","sub","anna"]';
      expect(other.guard.counted).toEqual([`${act} ${who}`]);
      if (status === 429) {
        expect([answer.headers['retry-after'], answer.headers['connection']]).toEqual(['2', 'close']);
        expect(answer.headers['mcp-session-id']).toBeUndefined();
      }
      await other.close();
    }
  });
}

test('HTTP: a port in use rejects with the error of Node', async () => {
  await expect(startHttp({ port: door().port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('HTTP: a door on IPv6 tells a URL that works', async () => {
  const other = await startHttp({ host: '::1' });
  expect(other.url).toBe(`http://[::1]:${other.port}/mcp`);
  expect(await openSession(other.url)).toHaveProperty('mcp-session-id');
  await other.close();
});
