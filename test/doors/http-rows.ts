import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { call, type Headers, openRaw, openSession, rawPost, startHttp, type TestDoor } from './support.ts';

/** A call that differs from one in order, and the status that it gets. */
export interface Row {
  readonly name: string;
  readonly status: number;
  /** Over those of a call that is in order; an empty value leaves the header out. */
  readonly headers?: Headers;
  readonly method?: string;
  readonly path?: string;
  /** Whether the guard counts a bad request. */
  readonly counted?: boolean;
}

/** A door for the tests of a file, and a session that is open at it. */
export interface Setting {
  readonly door: () => TestDoor;
  readonly session: () => Headers;
}

/** Opens a door before the tests of a file, and closes it after them. */
export function useDoor(): Setting {
  let door: TestDoor;
  let session: Headers;
  beforeAll(async () => {
    door = await startHttp({
      allowedHosts: ['mcp.example.com', 'fixed.example.com:8443'],
      allowedOrigins: ['https://app.example.com'],
    });
    session = await openSession(door.url);
  });
  beforeEach(() => {
    door.gate.calls.length = 0;
    door.guard.counted.length = 0;
  });
  afterAll(() => door.close());
  return { door: () => door, session: () => session };
}

/** One test a row. */
export function testRows({ door, session }: Setting, rows: readonly Row[]): void {
  for (const { name, status, headers = {}, method = 'POST', path = '/mcp', counted = false } of rows) {
    test(`HTTP: ${name}`, async () => {
      const all = Object.entries({ ...session(), ...headers }).filter(
        ([key, value]) => value !== '' || key === 'host',
      );
      const text = rawPost(JSON.stringify(call(1, 'echo')), {
        ...Object.fromEntries(all),
        connection: 'close',
      });
      const left = Object.keys(headers).filter((key) => headers[key] === '' && key !== 'host');
      const bare = text.split('\r\n').filter((line) => !left.some((key) => line.startsWith(`${key}:`)));
      const client = await openRaw(door().port);
      client.socket.write(bare.join('\r\n').replace('POST /mcp', `${method} ${path}`));
      await client.ended();
      expect(client.heard()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(door().gate.calls.length).toBe(status === 200 ? 1 : 0);
      expect(door().guard.counted.includes('bad_request 127.0.0.1')).toBe(counted);
    });
  }
}
