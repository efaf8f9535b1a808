import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { operations } from '../../src/catalog/operations.ts';
import { type RestTestDoor, sendRaw, startRest } from './rest-support.ts';
import { openRaw } from './support.ts';

const A = '3c219e58-ed0e-4b18-ad48-f4f92793ae32';
const VEND = 'fusionauth-vendjwtwithid';
const JSON_TYPE = 'Content-Type: application/json';
let door: RestTestDoor;

beforeAll(async () => {
  door = await startRest({ bodyMs: 1000, metrics: () => 'up 1\n' });
});
beforeEach(() => {
  door.calls.length = 0;
  door.hidden.clear();
});
afterAll(() => door.close());

for (const { name, method, path } of operations) {
  test(`REST: ${method} /v1${path} is ${name}`, async () => {
    const answer = await sendRaw(door.port, `${method} /v1${path.replace('{tokenId}', A)}`);
    expect(answer).toMatchObject({ status: 200, text: '', headers: { 'x-portcullis-id': 'id-1' } });
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(door.calls).toMatchObject([
      { tool: name, transport: 'rest', caller: { identity: {}, session: null } },
    ]);
  });
}

const paths: readonly (readonly [line: string, status: number, args?: object])[] = [
  ['DELETE /v1/api/jwt/refresh/', 200, { tokenId: '' }],
  ['DELETE /v1/api/jwt/refresh/%2e%2e', 200, { tokenId: '..' }],
  ['DELETE /v1/api/jwt/refresh/..', 200, { tokenId: '..' }],
  ['DELETE /v1/api/jwt/refresh/%2f', 200, { tokenId: '/' }],
  [`DELETE /v1/api/jwt/refresh/${A};x=1`, 200, { tokenId: `${A};x=1` }],
  ['DELETE /v1/api/jwt/refresh/x/..', 404],
  ['DELETE /v1/api/jwt/refresh//', 404],
  ['DELETE /v1/api/jwt//refresh', 404],
  ['DELETE /v1//api/jwt/refresh', 404],
  ['DELETE //v1/api/jwt/refresh', 404],
  ['DELETE /v1/api/jwt/%72efresh', 404],
  ['DELETE /v1/api/jwt/REFRESH', 404],
  ['DELETE /V1/api/jwt/refresh', 404],
  ['DELETE /v1/api/jwt/vend/../refresh', 404],
  ['DELETE /v1/api\\jwt/refresh', 404],
  ['DELETE /v1/api/jwt/refresh#/x', 404],
  ['DELETE http://localhost/v1/api/jwt/refresh', 404],
  ['GET /v1/api/jwt/validate/', 404],
  ['GET /v1/', 404],
  ['GET /v1', 404],
  ['GET /api/jwt/validate', 404],
  ['POST /v1/api/user', 404],
  ['POST /mcp', 404],
];

for (const [line, status, args] of paths) {
  test(`REST: ${line} is ${args === undefined ? status : 'an operation by id, never one on all'}`, async () => {
    const answer = await sendRaw(door.port, line);
    expect(answer.status).toBe(status);
    const made = door.calls.filter(({ tool }) => tool.startsWith('fusionauth-'));
    expect(made.map(({ tool, args: { value } }) => [tool, value])).toEqual(
      args === undefined ? [] : [['fusionauth-revokerefreshtokenbyidwithid', args]],
    );
    if (status === 404) {
      expect(Object.keys(JSON.parse(answer.text))).toEqual([
        'code',
        'reason',
        'rule',
        'policy',
        'id',
        'retryable',
      ]);
      const isElsewhere = line.includes(' /api/');
      const told = / begins with `\/v1\/api\/`\.$/.test(String(JSON.parse(answer.text).reason));
      expect([JSON.parse(answer.text), told]).toMatchObject([
        { code: 'unknown_tool', rule: null },
        isElsewhere,
      ]);
    }
  });
}

const methods = [
  ['PUT /v1/api/jwt/refresh', 'POST, GET, DELETE'],
  ['HEAD /v1/api/jwt/validate', 'GET'],
  ['OPTIONS /v1/api/jwt/vend', 'POST'],
  ['POST /healthz', 'GET'],
  ['POST /openapi.json', 'GET'],
  ['HEAD /docs', 'GET'],
] as const;

for (const [line, allow] of methods) {
  test(`REST: ${line} is 405 with what is allowed`, async () => {
    const answer = await sendRaw(door.port, line);
    expect([answer.status, answer.headers['allow'], door.calls]).toEqual([405, allow, []]);
  });
}

test('REST: a header cannot change the method', async () => {
  const headers = ['X-HTTP-Method-Override: DELETE', 'X-Method-Override: DELETE', 'X-HTTP-Method: DELETE'];
  await sendRaw(door.port, `GET /v1/api/jwt/refresh/${A}`, { headers });
  expect(door.calls.map(({ tool }) => tool)).toEqual(['fusionauth-retrieverefreshtokenbyidwithid']);
});

const hiddenRequests = [
  { line: 'POST /v1/api/jwt/vend', body: '{}', headers: [JSON_TYPE] },
  { line: 'PUT /v1/api/jwt/vend' },
  { line: 'POST /v1/api/jwt/vend', body: 'x', headers: ['Content-Type: text/plain'] },
  { line: 'POST /v1/api/jwt/vend', headers: ['Content-Length: 2000000'] },
];

for (const { line, ...sent } of hiddenRequests) {
  test(`REST: ${line} (${sent.headers ?? ''}) of a hidden operation looks like no operation`, async () => {
    const nothing = await sendRaw(door.port, 'POST /v1/api/nothing');
    door.hidden.add(VEND);
    const { status, headers, text } = await sendRaw(door.port, line, sent);
    const { date: _one, ...seen } = headers;
    const { date: _other, ...expected } = nothing.headers;
    expect({ status, seen, text }).toEqual({ status: 404, seen: expected, text: nothing.text });
  });
}

test('REST: a hidden method of a path looks like one that the path does not have', async () => {
  const line = (method: string) => `${method} /v1/api/jwt/refresh`;
  door.hidden.add('fusionauth-deletejwtrefresh');
  const none = await sendRaw(door.port, line('PUT'));
  const hidden = await sendRaw(door.port, line('DELETE'));
  expect([none.status, none.headers['allow']]).toEqual([405, 'POST, GET']);
  expect({ ...hidden, headers: { ...hidden.headers, date: '' } }).toEqual({
    ...none,
    headers: { ...none.headers, date: '' },
  });
  expect(door.calls.map(({ tool }) => tool)).toEqual(['fusionauth-deletejwtrefresh']);
});

for (const path of ['/v1/api/jwt/vend', '/v1/api/nothing']) {
  test(`REST: POST ${path} is answered once its body is there, hidden or not there`, async () => {
    door.hidden.add(VEND);
    const client = await openRaw(door.port);
    const headers = ['Host: localhost', JSON_TYPE, 'Content-Length: 2', 'Expect: 100-continue'];
    client.socket.write(`POST ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
    await client.hears('HTTP/1.1 100 Continue');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(client.heard()).not.toContain('404');
    client.socket.write('{}');
    await client.hears('HTTP/1.1 404');
    client.socket.destroy();
  });
}

const bodies = [
  { name: 'text', type: 'text/plain', body: '{}', status: 415 },
  {
    name: 'text without content, as the vendor’s client sends it',
    type: 'text/plain',
    body: '',
    status: 200,
  },
  { name: 'JSON without a type', type: '', body: '{}', status: 415 },
  { name: 'JSON', type: 'application/json', body: '{}', status: 200 },
  { name: 'JSON in UTF-8', type: 'application/json; charset=UTF-8', body: '{}', status: 200 },
  { name: 'JSON in Latin 1', type: 'application/json; charset=latin1', body: '{}', status: 415 },
  {
    name: 'JSON in another coding',
    type: 'application/json\r\nContent-Encoding: gzip',
    body: '{}',
    status: 415,
  },
  { name: 'a form', type: 'application/x-www-form-urlencoded', body: 'token=a', status: 415 },
  {
    name: 'a form for a revocation',
    type: 'application/x-www-form-urlencoded;charset=utf-8',
    body: 'token=a',
    line: 'DELETE /v1/api/jwt/refresh',
    status: 200,
  },
  { name: '1 MiB', type: 'application/json', body: `{}${' '.repeat(1024 * 1024 - 2)}`, status: 200 },
  {
    name: '1 MiB and a byte',
    type: 'application/json',
    body: `{}${' '.repeat(1024 * 1024 - 1)}`,
    status: 413,
  },
];

for (const { name, type, body, status, line = 'POST /v1/api/jwt/vend' } of bodies) {
  test(`REST body: ${name} is ${status}`, async () => {
    const before = door.counted.length;
    const answer = await sendRaw(door.port, line, { headers: type ? [`Content-Type: ${type}`] : [], body });
    expect([answer.status, door.calls.length]).toEqual([status, status === 200 ? 1 : 0]);
    if (status === 200) return;
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'bad_request', rule: null, id: null });
    expect(door.counted.slice(before)).toEqual(['bad_request 127.0.0.1']);
  });
}

const sources = [
  ['a foreign Host', 403, ['Host: evil.example.com']],
  ['a foreign Origin', 403, ['Origin: https://evil.example.com']],
  ['Authorization twice', 400, ['Authorization: Bearer a', 'Authorization: Bearer b']],
  ['a tenant twice', 400, [`X-FusionAuth-TenantId: ${A}`, `X-FusionAuth-TenantId: ${A}`]],
  ['an identity twice', 400, ['X-Portcullis-Authorization: Bearer anna', 'x-portcullis-authorization: x']],
] as const;

for (const [name, status, headers] of sources) {
  test(`REST: ${name} is ${status}, and no call`, async () => {
    const answer = await sendRaw(door.port, 'GET /v1/api/jwt/validate', { headers });
    expect([answer.status, door.calls]).toEqual([status, []]);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'bad_request', policy: null, retryable: false });
  });
}

test('REST: a body that stops half way is 408 in the shape of this door', async () => {
  const answer = await sendRaw(door.port, 'POST /v1/api/jwt/vend', {
    headers: [JSON_TYPE, 'Content-Length: 99'],
  });
  expect(answer.status).toBe(408);
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'bad_request', reason: 'Request Timeout' });
});

test('REST: a JWT of 16 KiB beside a refresh token of 16 KiB fits, and 96 KiB do not', async () => {
  const jwt = 'a'.repeat(16 * 1024);
  const line = `GET /v1/api/jwt/issue?applicationId=${A}&refreshToken=${'%2B'.repeat(16 * 1024)}`;
  expect((await sendRaw(door.port, line, { headers: [`Authorization: Bearer ${jwt}`] })).status).toBe(200);
  expect(door.calls[0]?.args.value).toMatchObject({ encodedJWT: jwt, refreshToken: '+'.repeat(16 * 1024) });
  const headers = [`X-A: ${'a'.repeat(96 * 1024)}`];
  expect((await sendRaw(door.port, 'GET /healthz', { headers })).status).toBe(431);
});

test('REST: the caller is told by X-Portcullis-Authorization and nothing else', async () => {
  const headers = ['X-Portcullis-Authorization: Bearer anna', 'Authorization: Bearer nobody'];
  await sendRaw(door.port, 'GET /v1/api/jwt/validate', { headers });
  expect(door.calls[0]?.caller).toEqual({ identity: { sub: 'anna' }, session: null });
  expect(door.calls[0]?.args.value).toEqual({ encodedJWT: 'nobody' });
});

test('REST: who is not identified is 401 on every path under /v1, before the body is read', async () => {
  for (const line of ['POST /v1/api/jwt/vend', 'GET /v1/nothing', 'GET /openapi.json']) {
    const answer = await sendRaw(door.port, line, {
      headers: ['X-Portcullis-Authorization: Bearer forged', 'Content-Length: 99'],
    });
    expect(answer).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    });
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'unauthenticated', reason: expect.any(String) });
  }
  expect(door.calls).toEqual([]);
  expect(door.counted).toContain('failed_authentication 127.0.0.1');
});

test('REST: bad requests too often are 429 with Retry-After', async () => {
  const other = await startRest({ refused: ['bad_request'] });
  const answer = await sendRaw(other.port, 'POST /v1/api/jwt/vend', { body: 'x' });
  expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '2' } });
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'too_many_requests', retryable: true });
  await other.close();
});

test('REST: a bug is 500 without detail', async () => {
  const other = await startRest({ end: async () => Promise.reject(new Error('secret')) });
  const answer = await sendRaw(other.port, 'GET /v1/api/jwt/validate');
  expect(answer.status).toBe(500);
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'internal_error', reason: 'Internal error' });
  expect(other.logged.join()).not.toContain('secret');
  await other.close();
});

test('REST: pages and documents tell of what is shown, and load nothing', async () => {
  const get = (path: string) => sendRaw(door.port, `GET ${path}`);
  expect((await get('/healthz')).text).toBe('{"status":"ok"}');
  expect((await get('/readyz')).text).toBe('{"status":"ready"}');
  expect((await get('/metrics')).text).toBe('up 1\n');
  door.hidden.add(VEND);
  const [openapi, docs] = [await get('/openapi.json'), await get('/docs')];
  expect(openapi.headers['content-type']).toBe('application/json');
  expect(Object.keys(JSON.parse(openapi.text).paths)).toHaveLength(7);
  expect(docs.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(docs.headers['content-security-policy']).toMatch(
    /^default-src 'none'; style-src 'sha256-[^']+'; base-uri/,
  );
  for (const { text } of [openapi, docs]) {
    expect(text).toContain('/v1/api/jwt/refresh/{tokenId}');
    expect(text.toLowerCase()).not.toContain('vend');
  }
  expect(docs.text).not.toMatch(/<script|<img|<link|src=|https?:| on\w+=| style=/);
  expect(door.calls).toEqual([]);
});

test('REST: whoever goes away cancels also the calls whose answers wait for others', async () => {
  const aborted: string[] = [];
  const other = await startRest({
    end: (raw) =>
      new Promise((resolve) => {
        raw.signal.addEventListener('abort', () => {
          aborted.push(raw.tool);
          resolve({ id: 'i', policy: 'p', ended: 'failed', reason: null, retryable: false });
        });
      }),
  });
  const client = await openRaw(other.port);
  client.socket.write('GET /v1/api/jwt/validate HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(3));
  await expect.poll(() => other.calls.length).toBe(3);
  client.socket.resetAndDestroy();
  await expect.poll(() => aborted.length).toBe(3);
  await other.close();
});

test('REST: the call of whoever goes away before it is known who calls is not made', async () => {
  const waiting: (() => void)[] = [];
  const other = await startRest({
    identify: async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return { identified: true, identity: {} };
    },
  });
  const client = await openRaw(other.port);
  client.socket.write('GET /v1/api/jwt/validate HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await expect.poll(() => waiting.length).toBe(1);
  client.socket.resetAndDestroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  waiting[0]?.();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(other.calls).toEqual([]);
  await other.close();
});

test('REST: whoever goes away cancels the call', async () => {
  let ended: (how: string) => void = () => {};
  const how = new Promise<string>((resolve) => {
    ended = resolve;
  });
  const other = await startRest({
    end: (raw) =>
      new Promise((resolve) => {
        raw.signal.addEventListener('abort', () => {
          ended('aborted');
          resolve({ id: 'i', policy: 'p', ended: 'failed', reason: null, retryable: false });
        });
      }),
  });
  const client = await openRaw(other.port);
  client.socket.write('GET /v1/api/jwt/validate HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await expect.poll(() => other.calls.length).toBe(1);
  client.socket.resetAndDestroy();
  expect(await how).toBe('aborted');
  await other.close();
});
