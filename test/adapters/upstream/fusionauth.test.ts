import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fusionAuthUpstream } from '../../../src/adapters/upstream/fusionauth.ts';
import type { UpstreamRequest } from '../../../src/model/index.ts';
import { broken, get, http, JWT, json, KEY, never, notJson, post, TENANT, upstream } from './servers.ts';

describe('what FusionAuth answers', () => {
  const errors = { fieldErrors: { userId: [{ code: '[invalid]userId', message: 'm' }] } };
  const rows: readonly (readonly [name: string, status: number, body: string, reply: unknown])[] = [
    ['200 with an object', 200, '{"token":"t"}', { got: 'result', status: 200, body: { token: 't' } }],
    ['202 with an object', 202, '{}', { got: 'result', status: 202, body: {} }],
    ['200 with nothing', 200, '', { got: 'result', status: 200, body: null }],
    ['200 with a list', 200, '[]', notJson(200)],
    ['200 with null', 200, 'null', notJson(200)],
    ['200 with half an object', 200, '{"token":', notJson(200)],
    ['200 with a web page', 200, '<html>', notJson(200)],
    ['400 with errors', 400, JSON.stringify(errors), { got: 'rejection', status: 400, body: errors }],
    ['400 with text', 400, 'no', { got: 'rejection', status: 400, body: null }],
    ['401 with nothing', 401, '', { got: 'rejection', status: 401, body: null }],
    ['404 with nothing', 404, '', { got: 'rejection', status: 404, body: null }],
    ['500', 500, '', broken('FusionAuth answered 500')],
    ['503 with JSON', 503, '{"secret":1}', broken('FusionAuth answered 503')],
    ['304', 304, '', broken('FusionAuth answered 304, a redirect, which is not followed')],
  ];
  for (const [name, status, body, reply] of rows) {
    it(name, async () => {
      const port = await http(json(status, body));
      expect(await upstream(port).send(get, never)).toEqual(reply);
    });
  }

  it('a redirect is not followed, whatever it points at', async () => {
    const asked: (string | undefined)[] = [];
    const port = await http((request, response) => {
      asked.push(request.url);
      response.writeHead(302, { Location: '/elsewhere' }).end('{}');
    });
    expect(await upstream(port).send(post, never)).toEqual(
      broken('FusionAuth answered 302, a redirect, which is not followed'),
    );
    expect(asked).toEqual(['/api/jwt/vend']);
  });

  it('a coding that was not asked for is not an answer', async () => {
    const port = await http((_, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync('{"token":"t"}'));
    });
    expect(await upstream(port).send(get, never)).toEqual(notJson(200));
  });

  it('a 103 before the answer is not the answer', async () => {
    const port = await http((_, response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' });
      response.end('{"a":1}');
    });
    expect(await upstream(port).send(get, never)).toEqual({ got: 'result', status: 200, body: { a: 1 } });
  });

  it('characters that are split between two packets are whole', async () => {
    const bytes = Buffer.from('{"name":"Zoë 🗝"}');
    const port = await http(async (_, response) => {
      response.writeHead(200);
      for (const byte of bytes) {
        response.write(Buffer.from([byte]));
        await sleep(1);
      }
      response.end();
    });
    expect(await upstream(port).send(get, never)).toMatchObject({ body: { name: 'Zoë 🗝' } });
  });

  it('a `__proto__` member stays a member', async () => {
    const port = await http(json(200, '{"__proto__":{"polluted":true}}'));
    const reply = await upstream(port).send(get, never);
    expect(JSON.stringify(reply)).toContain('"__proto__":{"polluted":true}');
    expect('polluted' in {}).toBe(false);
  });
});

describe('what FusionAuth is sent', () => {
  const rows: readonly (readonly [
    name: string,
    request: UpstreamRequest,
    url: string,
    headers: readonly string[],
    body: string,
  ])[] = [
    ['nobody', get, '/api/jwt/public-key', [], ''],
    [
      'the API key, raw',
      { ...get, target: '/api/jwt/refresh?userId=u%20v', authority: { as: 'api_key' } },
      '/api/jwt/refresh?userId=u%20v',
      ['Authorization', KEY],
      '',
    ],
    [
      'the JWT of the call, and never the key with it',
      { ...get, authority: { as: 'jwt', jwt: JWT }, tenantId: TENANT },
      '/api/jwt/public-key',
      ['Authorization', `Bearer ${JWT}`, 'X-FusionAuth-TenantId', TENANT],
      '',
    ],
    [
      'a body',
      { ...post, body: '{"claims":{"é":1}}' },
      '/api/jwt/vend',
      ['Authorization', KEY, 'Content-Type', 'application/json', 'content-length', '19'],
      '{"claims":{"é":1}}',
    ],
    [
      'a body with DELETE',
      { ...post, method: 'DELETE', target: '/api/jwt/refresh', body: '{"token":"t"}', tenantId: TENANT },
      '/api/jwt/refresh',
      [
        'Authorization',
        KEY,
        'X-FusionAuth-TenantId',
        TENANT,
        'Content-Type',
        'application/json',
        'content-length',
        '13',
      ],
      '{"token":"t"}',
    ],
  ];
  for (const [name, request, url, headers, body] of rows) {
    it(name, async () => {
      const seen: { method?: string | undefined; url?: string | undefined; raw: string[]; body: string }[] =
        [];
      const port = await http(async (incoming, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of incoming) chunks.push(chunk);
        seen.push({
          method: incoming.method,
          url: incoming.url,
          raw: incoming.rawHeaders,
          body: String(Buffer.concat(chunks)),
        });
        response.end();
      });
      const always = ['host', `127.0.0.1:${port}`, 'connection', 'keep-alive', 'Accept', 'application/json'];
      expect(await upstream(port).send(request, never)).toMatchObject({ got: 'result' });
      expect(seen).toEqual([{ method: request.method, url, raw: [...always, ...headers], body }]);
    });
  }

  it('a path of the base URL stands before every target', async () => {
    const urls: (string | undefined)[] = [];
    const port = await http((request, response) => {
      urls.push(request.url);
      response.end();
    });
    for (const path of ['/auth/', '/auth', '/', '']) {
      await upstream(port, { url: `http://127.0.0.1:${port}${path}` }).send(get, never);
    }
    expect(urls).toEqual([
      ...Array(2).fill('/auth/api/jwt/public-key'),
      ...Array(2).fill('/api/jwt/public-key'),
    ]);
  });

  it('nothing without the API key that it needs, and the rest all the same', async () => {
    let asked = 0;
    const port = await http((_, response) => {
      asked++;
      response.end();
    });
    for (const apiKey of [null, '']) {
      expect(await upstream(port, { apiKey }).send(post, never)).toEqual({
        got: 'nothing',
        reached: false,
        fault: 'no_api_key',
        why: 'this proxy has no FusionAuth API key; set FUSIONAUTH_API_KEY',
      });
    }
    expect(asked).toBe(0);
    expect(await upstream(port, { apiKey: null }).send(get, never)).toMatchObject({ got: 'result' });
  });

  it('nothing that would split a header, and the secret is not in the words', async () => {
    let asked = 0;
    const port = await http((_, response) => {
      asked++;
      response.end();
    });
    const reply = await upstream(port).send(
      { ...get, authority: { as: 'jwt', jwt: 'sec\r\nret: x' } },
      never,
    );
    expect(reply).toEqual({
      got: 'nothing',
      reached: false,
      fault: 'broken',
      why: 'the request cannot be written as HTTP',
    });
    expect(asked).toBe(0);
  });
});

describe('a URL that cannot be meant', () => {
  const urls = [
    'ftp://h',
    'h:9011',
    '',
    'http://u:hunter2@h',
    'http://h/?a=1',
    'http://h?',
    'http://h/#x',
    '//h',
    'http://',
  ];
  for (const url of urls) {
    it(`\`${url}\` is refused without being repeated`, () => {
      const make = () => fusionAuthUpstream({ url, apiKey: null });
      expect(make).toThrow(
        /^the URL of FusionAuth: expected `http\(s\):\/\/HOST\[:PORT\]\[\/PATH\]` without/,
      );
      expect(make).not.toThrow(/hunter2/);
    });
  }
});
