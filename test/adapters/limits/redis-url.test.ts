import { expect, test } from 'vitest';
import { parseRedisUrl, type RedisTarget } from '../../../src/adapters/limits/redis-url.ts';

const login = { username: 'someone', password: 'p@ss,w/rd' };

test.each<[string, RedisTarget]>([
  [
    'redis://localhost',
    { kind: 'single', name: 'localhost:6379', node: { host: 'localhost', port: 6379 }, tls: false, db: 0 },
  ],
  [
    'rediss://someone:p%40ss%2Cw%2Frd@store.example:6380/3',
    {
      kind: 'single',
      name: 'store.example:6380',
      node: { host: 'store.example', port: 6380 },
      tls: true,
      db: 3,
      ...login,
    },
  ],
  [
    'redis://:100%@[::1]:6379/',
    {
      kind: 'single',
      name: '[::1]:6379',
      node: { host: '::1', port: 6379 },
      tls: false,
      db: 0,
      password: '100%',
    },
  ],
  [
    'rediss://someone:p%40ss%2Cw%2Frd@a:7000, rediss://b',
    {
      kind: 'cluster',
      name: 'a:7000,b:6379',
      nodes: [
        { host: 'a', port: 7000 },
        { host: 'b', port: 6379 },
      ],
      tls: true,
      ...login,
    },
  ],
  [
    'redis+sentinel://someone:p%40ss%2Cw%2Frd@a:26380,b,[::1]:1/mymaster/2',
    {
      kind: 'sentinel',
      name: 'a:26380,b:26379,[::1]:1',
      sentinels: [
        { host: 'a', port: 26380 },
        { host: 'b', port: 26379 },
        { host: '::1', port: 1 },
      ],
      master: 'mymaster',
      db: 2,
      ...login,
    },
  ],
  [
    'redis+sentinel://a/m',
    {
      kind: 'sentinel',
      name: 'a:26379',
      sentinels: [{ host: 'a', port: 26379 }],
      master: 'm',
      db: 0,
    },
  ],
])('%s is understood', (url, target) => {
  expect(parseRedisUrl(url)).toEqual(target);
});

test.each([
  '',
  'localhost:6379',
  'http://:hunter2@localhost',
  'redis://:hunter2@localhost:port',
  'redis://:hunter2@localhost/zero',
  'redis://:hunter2@localhost?db=1',
  'redis://:hunter2@localhost#1',
  'redis://:hunter2@',
  'redis://a,',
  'redis://:hunter2@a,rediss://b',
  'redis://:hunter2@a/1,redis://b/1',
  'redis+sentinel://:hunter2@a:26379',
  'redis+sentinel://:hunter2@a,/m',
  'redis+sentinel://:hunter2@a/m/x',
])('`%s` is an error that does not repeat it', (url) => {
  expect(() => parseRedisUrl(url)).toThrow(/^the Redis URL is not understood; expected `redis:[^\n]+$/);
  expect(() => parseRedisUrl(url)).not.toThrow(/hunter2/);
});
