import { describe, expect, it } from 'vitest';
import { REASONS } from '../../src/adapters/upstream/reasons.ts';
import { chargeOf } from '../../src/cli/recorded-verdict.ts';
import type { AuditRecord, Reply } from '../../src/model/index.ts';
import { http, never, post, tcp, upstream } from '../adapters/upstream/servers.ts';
import { openLine } from '../support/line.ts';

const aborted = AbortSignal.abort();

/** Every way that the adapter has no usable answer: its replies, and what `replay` makes of the record. */
const rows: readonly (readonly [name: string, reply: () => Promise<Reply>, charge: string])[] = [
  ['no API key', async () => upstream(1, { apiKey: null }).send(post, never), 'given back'],
  ['nobody there', async () => upstream(1).send(post, never), 'given back'],
  [
    'a handshake without an end',
    async () => {
      const port = await tcp(() => {});
      return upstream(port, { url: `https://127.0.0.1:${port}`, connectTimeoutMs: 100 }).send(post, never);
    },
    'given back',
  ],
  [
    'a proxy that shuts down',
    async () => {
      const closed = upstream(await http(() => {}));
      await closed.close();
      return closed.send(post, never);
    },
    'given back',
  ],
  [
    'a request that cannot be written',
    async () => upstream(await http(() => {}), { apiKey: 'a\nb' }).send(post, never),
    'given back',
  ],
  [
    'a server error',
    async () => upstream(await http((_, response) => response.writeHead(500).end())).send(post, never),
    'kept',
  ],
  [
    'no JSON',
    async () => upstream(await http((_, response) => response.end('hello'))).send(post, never),
    'kept',
  ],
  [
    'too much',
    async () =>
      upstream(await http((_, response) => response.end('x'.repeat(99))), { maxBytes: 9 }).send(post, never),
    'kept',
  ],
  [
    'a connection that breaks',
    async () => upstream(await http((request) => request.socket.destroy())).send(post, never),
    'kept',
  ],
  [
    'no answer',
    async () => upstream(await http(() => {}), { responseTimeoutMs: 100 }).send(post, never),
    'unknown',
  ],
  ['a cancelled call', async () => upstream(await http(() => {})).send(post, aborted), 'unknown'],
];

describe('the charge of a recorded call', () => {
  it.each(rows)('with %s is what the adapter says', async (_name, reply, charge) => {
    const got = await reply();
    if (got.got !== 'nothing') throw new Error(`expected no answer; got ${got.got}`);
    const { records } = await openLine({ policy: 'default: allow\n', reply: got }).call(
      'fusionauth-createlogout',
      {
        refreshToken: 'r',
      },
    );
    const last = records.at(-1);
    expect(last).toMatchObject({ code: 'upstream_unavailable', note: got.why });
    expect(chargeOf(last as AuditRecord)).toBe(charge);
    if (charge !== 'unknown') expect(charge).toBe(got.reached ? 'kept' : 'given back');
  });

  it('is looked for with every reason that the adapter can give', async () => {
    const replies = await Promise.all(rows.map(([, reply]) => reply()));
    const given = replies.map((each) => (each.got === 'nothing' ? each.why : ''));
    const missing = Object.values(REASONS).filter(({ words }) => !given.some((why) => why.startsWith(words)));
    expect(missing).toEqual([]);
  });
});
