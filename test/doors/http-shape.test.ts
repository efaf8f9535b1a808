import { expect, test } from 'vitest';
import { testRows, useDoor } from './http-rows.ts';
import { call, openRaw, post, rawPost, send } from './support.ts';

const setting = useDoor();
const { door, session } = setting;

testRows(setting, [
  { name: 'a call in order is answered', status: 200 },
  {
    name: 'a token that is no good is unauthorized',
    status: 401,
    headers: { authorization: 'Bearer nonsense' },
  },
  { name: 'PUT is not a method here', status: 405, method: 'PUT' },
  { name: 'OPTIONS is not a method here', status: 405, method: 'OPTIONS' },
  { name: 'HEAD is not a method here', status: 405, method: 'HEAD' },
  { name: 'Accept */* is enough', status: 200, headers: { accept: '*/*' } },
  { name: 'Accept by groups is enough', status: 200, headers: { accept: 'application/*, text/*' } },
  {
    name: 'Accept in another order, case and weight is enough',
    status: 200,
    headers: { accept: 'Text/Event-Stream;q=0.5 , APPLICATION/json; charset=utf-8' },
  },
  {
    name: 'Accept of JSON alone is not acceptable',
    status: 406,
    headers: { accept: 'application/json' },
    counted: true,
  },
  {
    name: 'Accept of streams alone is not acceptable',
    status: 406,
    headers: { accept: 'text/event-stream' },
    counted: true,
  },
  {
    name: 'Accept that takes streams with no weight is not acceptable',
    status: 406,
    headers: { accept: 'application/json, text/event-stream;q=0.0' },
    counted: true,
  },
  {
    name: 'Accept of types that only begin like ours is not acceptable',
    status: 406,
    headers: { accept: 'application/json5, text/event-streams' },
    counted: true,
  },
  { name: 'no Accept is not acceptable', status: 406, headers: { accept: '' }, counted: true },
  {
    name: 'Content-Type with charset=utf-8 is JSON',
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
  },
  {
    name: 'Content-Type with charset="UTF-8" is JSON',
    status: 200,
    headers: { 'content-type': 'Application/JSON;charset="UTF-8"' },
  },
  {
    name: 'Content-Type with another charset is not supported',
    status: 415,
    headers: { 'content-type': 'application/json; charset=utf-16' },
    counted: true,
  },
  {
    name: 'Content-Type text/plain is not supported',
    status: 415,
    headers: { 'content-type': 'text/plain' },
    counted: true,
  },
  {
    name: 'Content-Type application/json5 is not supported',
    status: 415,
    headers: { 'content-type': 'application/json5' },
    counted: true,
  },
  {
    name: 'a form is not supported',
    status: 415,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    counted: true,
  },
  { name: 'no Content-Type is not supported', status: 415, headers: { 'content-type': '' }, counted: true },
  { name: 'Content-Encoding identity is served', status: 200, headers: { 'content-encoding': 'identity' } },
  {
    name: 'Content-Encoding gzip is not supported',
    status: 415,
    headers: { 'content-encoding': 'gzip' },
    counted: true,
  },
  {
    name: 'protocol version 2025-11-25 is served',
    status: 200,
    headers: { 'mcp-protocol-version': '2025-11-25' },
  },
  {
    name: 'protocol version 2024-11-05 is served',
    status: 200,
    headers: { 'mcp-protocol-version': '2024-11-05' },
  },
  {
    name: 'a protocol version that nobody speaks is a bad request',
    status: 400,
    headers: { 'mcp-protocol-version': '1999-01-01' },
    counted: true,
  },
  {
    name: 'protocol version 2026-07-28 is a bad request here',
    status: 400,
    headers: { 'mcp-protocol-version': '2026-07-28' },
    counted: true,
  },
  { name: 'a query is not part of the path', status: 200, path: '/mcp?x=1' },
  { name: 'a path that only begins like ours is not found', status: 404, path: '/mcp/' },
  { name: 'a path in another case is not found', status: 404, path: '/MCP' },
  { name: 'the root is not found', status: 404, path: '/' },
  { name: 'a path that is an object of JavaScript is not found', status: 404, path: '/constructor' },
]);

test('HTTP: Accept may be sent in two headers', async () => {
  const client = await openRaw(door().port);
  const headers = { ...session(), accept: 'application/json', connection: 'close' };
  client.socket.write(
    rawPost(JSON.stringify(call(1, 'echo')), headers).replace(
      '\r\n\r\n',
      '\r\nAccept: text/event-stream\r\n\r\n',
    ),
  );
  await client.ended();
  expect(client.heard()).toMatch(/^HTTP\/1.1 200 /);
});

test('HTTP: GET without Accept of streams is not acceptable', async () => {
  expect(
    (await send(door().url, { method: 'GET', headers: { ...session(), accept: 'application/json' } })).status,
  ).toBe(406);
});

test('HTTP: 405 tells the methods that there are', async () => {
  const client = await openRaw(door().port);
  client.socket.write('PATCH /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await client.ended();
  expect(client.heard().toLowerCase()).toContain('allow: get, post, delete');
});

test('HTTP: 401 challenges, and failed authentication is counted by address', async () => {
  const answer = await post(door().url, call(1, 'echo'), { ...session(), authorization: 'Bearer nonsense' });
  expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer error="invalid_token"']);
  expect(answer.text).not.toContain('nonsense');
  expect(door().guard.counted).toEqual(['failed_authentication 127.0.0.1']);
});
