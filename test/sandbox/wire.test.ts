import { known } from '../../src/sandbox/default-seed.ts';
import {
  at,
  type Bench,
  claimsOf,
  codesOf,
  external,
  liveIds,
  login,
  NOBODY,
  refreshValue,
  testRows,
  without,
} from './support.ts';

const { applications, users, refreshTokens } = known;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const list = async ({ send, sandbox }: Bench, query: string) => {
  const { status, body } = await send('GET', `/api/jwt/refresh${query}`, { key: sandbox.apiKey });
  return [status, ...codesOf(body)];
};
/** Status, codes and message of a vend with this body. */
const vend = async ({ send, sandbox }: Bench, body: string, type = 'application/json') => {
  const answer = await send('POST', '/api/jwt/vend', {
    key: sandbox.apiKey,
    body,
    headers: { 'content-type': type },
  });
  return [answer.status, ...codesOf(answer.body)];
};
const BAD_USER_ID = [400, 'userId: [couldNotConvert]userId', 'userId: [missing]userId'];

testRows([
  [
    'a reply is compact JSON with members in alphabetical order',
    async (bench) => {
      const refreshToken = refreshValue(bench, refreshTokens.aliceWeb);
      const { text, type, body } = await bench.send('POST', '/api/jwt/refresh', { json: { refreshToken } });
      const [id, jwt] = [refreshTokens.aliceWeb, at(body, 'token')];
      return [type, text === `{"refreshToken":"${refreshToken}","refreshTokenId":"${id}","token":"${jwt}"}`];
    },
    ['application/json;charset=UTF-8', true],
  ],
  [
    '401, 404 and success without a body are empty and have no content type',
    async ({ send, sandbox }) => {
      const answers = [
        await send('GET', '/api/jwt/validate'),
        await send('GET', `/api/jwt/refresh/${NOBODY}`, { key: sandbox.apiKey }),
        await send('POST', '/api/logout'),
      ];
      return answers.map(({ status, text, type }) => [status, text, type]);
    },
    [
      [401, '', null],
      [404, '', null],
      [200, '', null],
    ],
  ],
  ['a missing id is [missing] alone', (bench) => list(bench, ''), [400, 'userId: [missing]userId']],
  ['a bad UUID is [couldNotConvert] and [missing]', (bench) => list(bench, '?userId=nobody'), BAD_USER_ID],
  ['the word undefined is a bad UUID', (bench) => list(bench, '?userId=undefined'), BAD_USER_ID],
  ['a decimal number is a UUID', (bench) => list(bench, '?userId=123456'), [200]],
  [
    'a decimal number past 63 bits is not',
    (bench) => list(bench, '?userId=9223372036854775808'),
    BAD_USER_ID,
  ],
  [
    'the number of a decimal id is its low half',
    async ({ send, sandbox }) => {
      const { text } = await send('DELETE', '/api/jwt/refresh?userId=123456', { key: sandbox.apiKey });
      return text.includes('[00000000-0000-0000-0000-00000001e240]');
    },
    true,
  ],
  [
    'an id is found in upper case too',
    async (bench) => {
      const id = refreshTokens.bobWeb.toUpperCase();
      const { status } = await bench.send('GET', `/api/jwt/refresh/${id}`, { key: bench.sandbox.apiKey });
      return status;
    },
    200,
  ],
  [
    'a bad id in the path, also one that is not percent-encoded well, is refused',
    async ({ send, sandbox }) => {
      const targets = ['/api/jwt/refresh/nothing', '/api/jwt/refresh/%E0%A4%A'];
      const answers = await Promise.all(
        targets.map((target) => send('GET', target, { key: sandbox.apiKey })),
      );
      return answers.map(({ status, body }) => [status, ...codesOf(body)]);
    },
    Array(2).fill([400, 'tokenId: [couldNotConvert]tokenId', 'tokenId: [missing]tokenId']),
  ],
  [
    'an optional bad UUID is [couldNotConvert] alone',
    async ({ send }) => {
      const { status, body } = await send('GET', '/api/jwt/public-key?applicationId=x');
      return [status, ...codesOf(body)];
    },
    [400, 'applicationId: [couldNotConvert]applicationId'],
  ],
  [
    'keyId is an unknown parameter of public-key and so gives every key; kid wins over applicationId (assumed)',
    async ({ send, sandbox }) => {
      const kid = sandbox.world.keys.find(({ id }) => id === known.keys.es256)?.kid;
      const queries = [`?keyId=${kid}`, `?kid=${kid}&applicationId=${applications.kiosk}`];
      const answers = await Promise.all(queries.map((query) => send('GET', `/api/jwt/public-key${query}`)));
      return answers.map(({ status, body }) => [status, Object.keys(Object(body))]);
    },
    [
      [200, ['publicKeys']],
      [200, ['publicKey']],
    ],
  ],
  ['unknown JSON members are ignored', (bench) => vend(bench, '{"claim":{"sub":"x"},"eventInfo":3}'), [200]],
  ['null members are absent members', (bench) => vend(bench, '{"claims":null,"keyId":null}'), [200]],
  ['text that is not JSON is refused', (bench) => vend(bench, '{"claims":'), [400, '[invalidJSON]']],
  ['JSON that is not an object is refused', (bench) => vend(bench, '["claims"]'), [400, '[invalidJSON]']],
  [
    'JSON nested past 1000 levels is refused, however deep',
    async (bench) => {
      const nested = (levels: number) => `{"claims":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}`;
      return [
        await vend(bench, nested(998)),
        await vend(bench, nested(999)),
        await vend(bench, nested(50_000)),
      ];
    },
    [[200], [400, '[invalidJSON]'], [400, '[invalidJSON]']],
  ],
  ['no body where one is required is [missing]', (bench) => vend(bench, ''), [400, '[missing]']],
  ['null for a body is no body', (bench) => vend(bench, 'null'), [400, '[missing]']],
  [
    'another content type is refused',
    (bench) => vend(bench, '{}', 'text/plain'),
    [400, '[InvalidContentType]'],
  ],
  [
    'parameters of the content type do not matter',
    (bench) => vend(bench, '{}', 'Application/JSON; charset=utf-8'),
    [200],
  ],
  [
    'a member of the wrong type is named',
    (bench) => vend(bench, '{"claims":[]}'),
    [400, 'claims: [invalidJSON]'],
  ],
  [
    'a bad UUID in JSON is a wrong type',
    (bench) => vend(bench, '{"keyId":"x"}'),
    [400, 'keyId: [invalidJSON]'],
  ],
  [
    'a whole number past 32 bits is a wrong type (assumed)',
    (bench) => vend(bench, '{"timeToLiveInSeconds":2147483648}'),
    [400, 'timeToLiveInSeconds: [invalidJSON]'],
  ],
  [
    'a member further down is named by its dotted path, and the message repeats the value',
    async (bench) => {
      const body = { ...(await external(bench, {})), metaData: { device: { name: { a: 'echo' } } } };
      const answer = await bench.send('POST', '/api/jwt/reconcile', { json: body });
      return [answer.status, codesOf(answer.body), answer.text.includes('echo')];
    },
    [400, ['metaData.device.name: [invalidJSON]'], true],
  ],
  [
    'claims keep a member named __proto__ a plain member',
    async ({ send, sandbox }) => {
      const sent = { key: sandbox.apiKey, body: '{"claims":{"__proto__":{"admin":true}}}' };
      const headers = { 'content-type': 'application/json' };
      const { body } = await send('POST', '/api/jwt/vend', { ...sent, headers });
      return Object.entries(claimsOf(at(body, 'token'))).slice(0, 1);
    },
    [['__proto__', { admin: true }]],
  ],
  [
    'refresh: neither cookie nor body, and a body without the member',
    async ({ send }) => {
      const answers = [
        await send('POST', '/api/jwt/refresh'),
        await send('POST', '/api/jwt/refresh', { json: {} }),
      ];
      return answers.map(({ status, body }) => [status, ...codesOf(body)]);
    },
    [
      [400, '[missing]'],
      [400, 'refreshToken: [missing]refreshToken'],
    ],
  ],
  [
    'logout: global without a refresh token revokes nothing',
    async (bench) => {
      const { status } = await bench.send('POST', '/api/logout?global=true', { jwt: await login(bench) });
      return [status, liveIds(bench)];
    },
    [200, without()],
  ],
  [
    'logout: 200 to whatever it is sent',
    async ({ send }) => {
      const headers = { 'content-type': 'application/json' };
      const answers = [
        await send('POST', '/api/logout', { headers, body: '{' }),
        await send('POST', '/api/logout', { headers, body: '{"global":"yes"}' }),
        await send('POST', '/api/logout?global=undefined&refreshToken=undefined', {
          headers: { 'content-type': 'text/plain' },
        }),
        await send('POST', '/api/logout', { headers: { 'x-fusionauth-tenantid': 'x' } }),
      ];
      return answers.map(({ status, text }) => [status, text]);
    },
    Array(4).fill([200, '']),
  ],
  [
    'revoke: the token as a form keeps it out of the address',
    async (bench) => {
      const body = new URLSearchParams({ token: refreshValue(bench, refreshTokens.bobWeb) }).toString();
      const { status } = await bench.send('DELETE', '/api/jwt/refresh', {
        key: bench.sandbox.apiKey,
        body,
        headers: FORM,
      });
      return [status, liveIds(bench)];
    },
    [200, without(refreshTokens.bobWeb)],
  ],
  [
    'revoke: a token together with another selector is refused (assumed)',
    async (bench) => {
      const json = { token: refreshValue(bench, refreshTokens.bobWeb), userId: users.bob };
      const { status, body } = await bench.send('DELETE', '/api/jwt/refresh', {
        key: bench.sandbox.apiKey,
        json,
      });
      return [status, codesOf(body), liveIds(bench)];
    },
    [400, ['token: [invalid]token'], without()],
  ],
  [
    'an unknown path is 404 and an unknown method 405 (assumed), both empty',
    async ({ send }) => {
      const answers = [
        await send('GET', '/'),
        await send('GET', '/api/jwt/refresh/a/b'),
        await send('GET', '//'),
        await send('PUT', '/api/jwt/vend'),
      ];
      return answers.map(({ status, text }) => [status, text]);
    },
    [...Array(3).fill([404, '']), [405, '']],
  ],
]);
