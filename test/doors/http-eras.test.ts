import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { JsonObject } from '../../src/model/index.ts';
import { META, MODERN, modern, modernCall, postModern } from './modern-support.ts';
import { call, type Headers, INITIALIZE, openSession, startHttp, type TestDoor } from './support.ts';

let door: TestDoor;
let session: Headers;
beforeAll(async () => {
  door = await startHttp();
  session = await openSession(door.url);
});
beforeEach(() => {
  door.gate.calls.length = 0;
  door.guard.counted.length = 0;
});
afterAll(() => door.close());

const OTHER_VERSION = { ...META, 'io.modelcontextprotocol/protocolVersion': '2025-11-25' };
const FUTURE = { ...META, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' };
const NO_HEADERS = { 'mcp-protocol-version': '', 'mcp-method': '', 'mcp-name': '' };
const LEGACY = { 'mcp-protocol-version': '2025-11-25', 'mcp-method': '', 'mcp-name': '' };
const meta = (_meta: JsonObject[string]) => modernCall(1, 'echo', { _meta });
const without = (key: string) =>
  Object.fromEntries(Object.entries(META).filter(([name]) => !name.endsWith(key)));
const base64 = (value: string) => `=?base64?${Buffer.from(value).toString('base64')}?=`;

/** What is sent, what comes back, and in which era it was served: whether its call had a session, or none. */
interface Row {
  readonly name: string;
  readonly message?: object;
  readonly headers?: Headers;
  readonly inSession?: true;
  readonly status: number;
  readonly code?: number;
  readonly served?: 'modern' | 'legacy';
}

const ROWS: readonly Row[] = [
  // Both of one era.
  { name: 'header and body of the modern era are served so', status: 200, served: 'modern' },
  { name: 'a session beside them is ignored', inSession: true, status: 200, served: 'modern' },
  {
    name: 'so is what is no session at all',
    headers: { 'mcp-session-id': 'nonsense', 'last-event-id': '1' },
    status: 200,
    served: 'modern',
  },
  {
    name: 'header and body of the legacy era are served in their session',
    message: call(1, 'echo'),
    headers: LEGACY,
    inSession: true,
    status: 200,
    served: 'legacy',
  },
  {
    name: 'no header and a body of the legacy era too',
    message: call(1, 'echo'),
    headers: NO_HEADERS,
    inSession: true,
    status: 200,
    served: 'legacy',
  },
  // Mixed.
  { name: 'a modern body without header is refused', headers: NO_HEADERS, status: 400, code: -32020 },
  {
    name: 'a modern body without header is refused in a session too',
    headers: NO_HEADERS,
    inSession: true,
    status: 400,
    code: -32020,
  },
  {
    name: 'a modern body under a legacy header is refused in a session',
    headers: LEGACY,
    inSession: true,
    status: 400,
    code: -32020,
  },
  { name: 'a modern body under a legacy header is refused', headers: LEGACY, status: 400, code: -32020 },
  {
    name: 'client capabilities alone make a body modern',
    message: meta(without('protocolVersion')),
    headers: LEGACY,
    inSession: true,
    status: 400,
    code: -32020,
  },
  {
    name: 'so does a version of the wrong type',
    message: meta({ 'io.modelcontextprotocol/protocolVersion': 5 }),
    headers: LEGACY,
    inSession: true,
    status: 400,
    code: -32020,
  },
  {
    name: 'a legacy version in the body under a legacy header is refused: that era has none there',
    message: meta(OTHER_VERSION),
    headers: LEGACY,
    inSession: true,
    status: 400,
    code: -32020,
  },
  {
    name: 'a legacy version in the body under a modern header is refused',
    message: meta(OTHER_VERSION),
    status: 400,
    code: -32020,
  },
  {
    name: 'a legacy body under a modern header is refused in a session',
    message: call(1, 'echo'),
    inSession: true,
    status: 400,
    code: -32602,
  },
  {
    name: 'initialize under a modern header opens nothing',
    message: INITIALIZE,
    status: 400,
    code: -32602,
  },
  {
    name: 'initialize with modern metadata is no method',
    message: modern(1, 'initialize'),
    status: 404,
    code: -32601,
  },
  {
    name: 'initialize with modern metadata and no header opens nothing',
    message: { ...INITIALIZE, params: { ...INITIALIZE.params, _meta: META } },
    headers: NO_HEADERS,
    status: 400,
    code: -32020,
  },
  // Versions.
  {
    name: 'a version that is not spoken is told',
    message: meta(FUTURE),
    headers: { 'mcp-protocol-version': '2099-01-01' },
    status: 400,
    code: -32022,
  },
  {
    name: 'one that stands in the header alone too',
    message: call(1, 'echo'),
    headers: { 'mcp-protocol-version': '2099-01-01' },
    inSession: true,
    status: 400,
    code: -32022,
  },
  {
    name: 'header and body of two versions are refused',
    message: meta(FUTURE),
    status: 400,
    code: -32020,
  },
  // Metadata.
  { name: 'no metadata is refused', message: meta({}), status: 400, code: -32602 },
  { name: 'metadata that is a list is refused', message: meta([]), status: 400, code: -32602 },
  { name: 'metadata that is null is refused', message: meta(null), status: 400, code: -32602 },
  {
    name: 'a missing version is refused',
    message: meta(without('protocolVersion')),
    status: 400,
    code: -32602,
  },
  {
    name: 'missing capabilities are refused',
    message: meta(without('clientCapabilities')),
    status: 400,
    code: -32602,
  },
  {
    name: 'capabilities that are a list are refused',
    message: meta({ ...META, 'io.modelcontextprotocol/clientCapabilities': [] }),
    status: 400,
    code: -32602,
  },
  {
    name: 'a client without a version is refused',
    message: meta({ ...META, 'io.modelcontextprotocol/clientInfo': { name: 'x' } }),
    status: 400,
    code: -32602,
  },
  {
    name: 'a log level that there is not is refused',
    message: meta({ ...META, 'io.modelcontextprotocol/logLevel': 'loud' }),
    status: 400,
    code: -32602,
  },
  {
    name: 'a progress token that is null is refused',
    message: meta({ ...META, progressToken: null }),
    status: 400,
    code: -32602,
  },
  {
    name: 'keys of others are nobody’s business',
    message: meta({ ...META, traceparent: 5, 'com.example/x': [] }),
    status: 200,
    served: 'modern',
  },
  // Headers.
  { name: 'a missing Mcp-Method is refused', headers: { 'mcp-method': '' }, status: 400, code: -32020 },
  { name: 'another Mcp-Method is refused', headers: { 'mcp-method': 'ping' }, status: 400, code: -32020 },
  {
    name: 'an Mcp-Method in capitals is refused',
    headers: { 'mcp-method': 'Tools/Call' },
    status: 400,
    code: -32020,
  },
  { name: 'a missing Mcp-Name is refused', headers: { 'mcp-name': '' }, status: 400, code: -32020 },
  { name: 'another Mcp-Name is refused', headers: { 'mcp-name': 'slow' }, status: 400, code: -32020 },
  {
    name: 'two names joined by a comma are refused',
    headers: { 'mcp-name': 'echo, echo' },
    status: 400,
    code: -32020,
  },
  {
    name: 'an Mcp-Name in Base64 is decoded',
    headers: { 'mcp-name': base64('echo') },
    status: 200,
    served: 'modern',
  },
  {
    name: 'another name in Base64 is refused',
    headers: { 'mcp-name': base64('slow') },
    status: 400,
    code: -32020,
  },
  {
    name: 'Base64 that is not as it should be is refused',
    headers: { 'mcp-name': '=?base64?ZWNobw?=' },
    status: 400,
    code: -32020,
  },
  {
    name: 'the marks of Base64 in capitals are a name like any other',
    headers: { 'mcp-name': '=?BASE64?ZWNobw==?=' },
    status: 400,
    code: -32020,
  },
  {
    name: 'Base64 of bytes that are no text is refused',
    headers: { 'mcp-name': '=?base64?/w==?=' },
    status: 400,
    code: -32020,
  },
  {
    name: 'a name that looks like Base64 has to be sent in it',
    message: modernCall(1, '=?base64?ZWNobw==?='),
    headers: { 'mcp-name': '=?base64?ZWNobw==?=' },
    status: 400,
    code: -32020,
  },
  {
    name: 'a call without a name is malformed',
    message: modern(1, 'tools/call'),
    status: 400,
    code: -32602,
  },
  {
    name: 'a call without a name does not get one from the header',
    message: modern(1, 'tools/call'),
    headers: { 'mcp-name': 'echo' },
    status: 400,
    code: -32020,
  },
  // Messages that are no requests.
  {
    name: 'a notification is accepted and does nothing',
    message: { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
    inSession: true,
    status: 202,
  },
  {
    name: 'a call as a notification is not made',
    message: { jsonrpc: '2.0', method: 'tools/call', params: { name: 'echo', _meta: META } },
    status: 202,
  },
  {
    name: 'a modern notification in a legacy session is refused',
    message: { jsonrpc: '2.0', method: 'notifications/cancelled', params: { _meta: META } },
    headers: LEGACY,
    inSession: true,
    status: 400,
    code: -32020,
  },
  {
    name: 'a response is refused',
    message: { jsonrpc: '2.0', id: 1, result: {} },
    status: 400,
    code: -32600,
  },
];

for (const { name, message = modernCall(1, 'echo'), headers = {}, inSession, status, code, served } of ROWS) {
  test(`eras: ${name}`, async () => {
    const answer = await postModern(door.url, message, { ...(inSession && session), ...headers });
    const { error } = answer.text === '' ? {} : JSON.parse(answer.text);
    expect({ status: answer.status, code: error?.code }).toEqual({ status, code });
    const sessions = door.gate.calls.map(({ caller }) => (caller.session === null ? 'modern' : 'legacy'));
    expect(sessions).toEqual(served === undefined ? [] : [served]);
    expect(answer.headers['mcp-session-id']).toBeUndefined();
    expect(door.guard.counted.includes('bad_request 127.0.0.1')).toBe(status >= 400);
  });
}

test('eras: an error names the revisions that are spoken, and the one that was asked for', async () => {
  const answer = await postModern(door.url, meta(FUTURE), { 'mcp-protocol-version': '2099-01-01' });
  expect(JSON.parse(answer.text).error.data).toEqual({ supported: [MODERN], requested: '2099-01-01' });
});
