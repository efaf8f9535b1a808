import { randomUUID } from 'node:crypto';
import type { Claim, Hold, Instant, Limits, Ticket } from '../../model/index.ts';
import { type Held, refusalOf, refusalsOf, takenClaims } from './claims.ts';
import type { ReserveReply } from './redis-client.ts';
import { openConnection } from './redis-connection.ts';
import { parseRedisUrl } from './redis-url.ts';
import { freeAt, partAt, partsOf } from './windows.ts';

/** How to reach the limit store, and whom to tell when it goes and comes. */
export interface RedisLimitsOptions {
  readonly url: string;
  /** How long one answer may take; 150 if left out. */
  readonly commandTimeoutMs?: number;
  /** What all keys begin with, in braces; `portcullis` if left out. */
  readonly prefix?: string;
  readonly onStateChange?: (up: boolean, why: string) => void;
}

interface Taken {
  readonly claims: readonly Claim[];
  readonly at: Instant;
}

/** Limits shared by all proxies of one Redis, on its clock: one round trip a call, and no answer in time is `unknown`. */
export function redisLimits(options: RedisLimitsOptions): Limits & { connect(): Promise<void> } {
  const { commandTimeoutMs = 150, prefix = 'portcullis', onStateChange } = options;
  const unsettled = new WeakMap<Ticket, Taken>();
  // How far Redis' clock is ahead of ours at most; null until the connection has told.
  let aheadMs: number | null = null;
  const connection = openConnection(parseRedisUrl(options.url), commandTimeoutMs, (up, why) => {
    if (up) aheadMs = null;
    onStateChange?.(up, why);
  });

  // One hash tag for all: the counters of a call meet in one script, so on a cluster they must share a slot.
  const counterKey = ({ window, counter }: Claim) => `{${prefix}}:c:${window.kind}:${window.ms}:${counter}`;

  const grant = (claims: readonly Claim[], at: Instant): Ticket => {
    const ticket: Ticket = { id: randomUUID() };
    unsettled.set(ticket, { claims, at });
    return ticket;
  };

  const read = (claims: readonly Claim[], [, now, ...rows]: ReserveReply): Hold => {
    const usedUp = rows.flatMap(([index, fields]) => {
      const claim = claims[index];
      return claim === undefined ? [] : [refusalOf(claim, index, heldIn(fields), now)];
    });
    const refusals = refusalsOf(claims, usedUp);
    if (refusals.length > 0) return { hold: 'refused', refusals };
    return { hold: 'granted', ticket: grant(takenClaims(claims, usedUp), now), missed: usedUp };
  };

  return {
    connect: connection.connect,
    close: connection.close,
    async ready() {
      return (await connection.ask((client) => client.ping())).got;
    },
    async reserve(claims) {
      if (claims.length === 0) return { hold: 'granted', ticket: grant([], 0), missed: [] };
      const sentAt = performance.now();
      // Whoever asked is told `unknown` at the timeout; a frozen server that wakes later must not charge for it.
      const deadline =
        aheadMs === null ? Number.MAX_SAFE_INTEGER : Math.ceil(sentAt + aheadMs) + commandTimeoutMs;
      const answer = await connection.ask((client) =>
        client.portcullisReserve(
          claims.length,
          ...claims.map(counterKey),
          deadline,
          ...claims.flatMap(({ window, max, cost, observedRule }) => [
            partsOf(window),
            window.ms,
            max,
            cost,
            observedRule ?? '',
          ]),
        ),
      );
      if (!answer.got) return { hold: 'unknown', why: answer.why };
      aheadMs = answer.reply[1] - sentAt;
      if (answer.reply[0] === 0) return { hold: 'unknown', why: 'the limit store was asked too long ago' };
      return read(claims, answer.reply);
    },
    async settle(ticket, how) {
      const taken = unsettled.get(ticket);
      unsettled.delete(ticket);
      if (taken === undefined || taken.claims.length === 0 || how === 'spend') return;
      // Where this fails the ticket stays spent: unsettled means spent.
      await connection.ask((client) =>
        client.portcullisRefund(
          taken.claims.length + 1,
          `{${prefix}}:r:${ticket.id}`,
          ...taken.claims.map(counterKey),
          ...taken.claims.flatMap(({ window, cost }) => {
            const part = partAt(window, taken.at);
            return [part, freeAt(window, part), cost];
          }),
        ),
      );
    },
  };
}

function heldIn(fields: readonly string[]): Held {
  let used = 0;
  const parts: [part: number, amount: number][] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const amount = Number(fields[i + 1]);
    if (fields[i] === 'used') used = amount;
    else if (fields[i] !== 'oldest') parts.push([Number(fields[i]), amount]);
  }
  return { used, parts: parts.sort(([a], [b]) => a - b) };
}
