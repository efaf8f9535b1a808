import { randomUUID } from 'node:crypto';
import type { Claim, Hold, Instant, Limits, Ticket } from '../../model/index.ts';
import { type Held, refusalOf, refusalsOf, takenClaims } from './claims.ts';
import type { ReserveReply } from './redis-client.ts';
import { openConnection } from './redis-connection.ts';
import { askEviction } from './redis-eviction.ts';
import { parseRedisUrl } from './redis-url.ts';
import { freeAt, partAt, partsOf } from './windows.ts';

/** How to reach the limit store, and whom to tell when it goes and comes. */
export interface RedisLimitsOptions {
  readonly url: string;
  /** How long one answer may take; 200 if left out. */
  readonly commandTimeoutMs?: number;
  /** What all keys begin with, in braces; `portcullis` if left out. */
  readonly prefix?: string;
  readonly onStateChange?: (up: boolean, why: string) => void;
  /** Told at every connect of what could let limits through without a word. */
  readonly onWarning?: (warning: string) => void;
}

interface Taken {
  readonly claims: readonly Claim[];
  readonly at: Instant;
}

/** A claim that always fits, on a counter of its own that is gone in a second. */
const READY: Claim = {
  rule: 'ready',
  counter: 'ready',
  window: { kind: 'calendar', ms: 1000 },
  per: 'everyone',
  kind: 'calls',
  unit: 'one',
  max: Number.MAX_SAFE_INTEGER,
  cost: 1,
  observedRule: null,
  because: null,
};

/**
 * Limits shared by all proxies of one Redis, on its clock: one round trip a call, and no answer in time is `unknown`.
 * `connect` rejects where Redis does not answer, and where it would drop counters to make room.
 */
export function redisLimits(options: RedisLimitsOptions): Limits & { connect(): Promise<void> } {
  const { commandTimeoutMs = 200, prefix = 'portcullis', onStateChange, onWarning } = options;
  const unsettled = new WeakMap<Ticket, Taken>();
  // How far Redis' clock is ahead of ours at most; null until the connection has told.
  let aheadMs: number | null = null;
  let isStarted = false;
  let isDoubtTold = false;
  const target = parseRedisUrl(options.url);
  const connection = openConnection(target, commandTimeoutMs, (up, why) => {
    if (up) aheadMs = null;
    // Another master, after a failover, may be set up otherwise: so not at the start alone.
    if (up && isStarted) void lookAtEviction().then((evicting) => evicting.forEach(warn));
    onStateChange?.(up, why);
  });
  const warn = (warning: string) => onWarning?.(warning);

  /** Warns of what may come, and answers in words what is so already. */
  async function lookAtEviction(): Promise<readonly string[]> {
    const answer = await connection.ask(askEviction);
    if (!answer.got) return [];
    const { evicting, unbounded, isUnknown } = answer.reply;
    const found = (policy: string) =>
      `Redis at ${target.name}: expected maxmemory-policy \`noeviction\`; found \`${policy}\`: where a counter is evicted its limit starts anew`;
    for (const policy of unbounded) warn(found(policy));
    if (isUnknown && !isDoubtTold) {
      isDoubtTold = true;
      warn(
        `Redis at ${target.name} does not tell its maxmemory-policy; see that it is \`noeviction\`: where a counter is evicted its limit starts anew`,
      );
    }
    return evicting.map(found);
  }

  /** Where this fails what was taken stays so: unsettled means spent. */
  async function giveBack(taken: Taken, ticket: Ticket = { id: randomUUID() }): Promise<void> {
    if (taken.claims.length === 0) return;
    const question = refundArgs(prefix, ticket, taken);
    await connection.ask((client) => client.portcullisRefund(taken.claims.length + 1, ...question));
  }

  async function reserve(claims: readonly Claim[]): Promise<Hold> {
    if (claims.length === 0) return { hold: 'granted', ticket: { id: randomUUID() }, missed: [] };
    let sentAt = 0;
    let isTooLate = false;
    const answer = await connection.ask(async (client) => {
      sentAt = performance.now();
      // Whoever asked is told `unknown` at the timeout; a frozen server that wakes later must not charge for it.
      const deadline =
        aheadMs === null ? Number.MAX_SAFE_INTEGER : Math.ceil(sentAt + aheadMs) + commandTimeoutMs;
      const reply = await client.portcullisReserve(claims.length, ...reserveArgs(prefix, claims, deadline));
      if (isTooLate) void giveBack(readReply(claims, reply).taken);
      return reply;
    });
    if (!answer.got) {
      isTooLate = true;
      return { hold: 'unknown', why: answer.why };
    }
    const [inTime, now] = answer.reply;
    // The way of the question is in this; a slow one must not loosen the deadline, a clock that drifts may.
    aheadMs = inTime === 0 || aheadMs === null ? now - sentAt : Math.min(now - sentAt, aheadMs + 1);
    if (inTime === 0) return { hold: 'unknown', why: 'the limit store was asked too long ago' };
    const { usedUp, refusals, taken } = readReply(claims, answer.reply);
    if (refusals.length > 0) return { hold: 'refused', refusals };
    const ticket: Ticket = { id: randomUUID() };
    unsettled.set(ticket, taken);
    return { hold: 'granted', ticket, missed: usedUp };
  }

  return {
    async connect() {
      await connection.connect();
      const [evicting] = await lookAtEviction();
      isStarted = true;
      if (evicting === undefined) return;
      await connection.close();
      throw new Error(evicting);
    },
    close: connection.close,
    // Not by PING, which a full Redis, a replica, and any other node of a cluster answer as well.
    ready: async () => (await reserve([READY])).hold !== 'unknown',
    reserve,
    async settle(ticket, how) {
      const taken = unsettled.get(ticket);
      unsettled.delete(ticket);
      if (taken !== undefined && how === 'refund') await giveBack(taken, ticket);
    },
  };
}

// One hash tag for all: the counters of a call meet in one script, so on a cluster they must share a slot.
function counterKey(prefix: string, { window, counter }: Claim): string {
  return `{${prefix}}:c:${window.kind}:${window.ms}:${counter}`;
}

function reserveArgs(prefix: string, claims: readonly Claim[], deadline: number): (string | number)[] {
  const args = claims.flatMap(({ window, max, cost, observedRule }) => [
    partsOf(window),
    window.ms,
    max,
    cost,
    observedRule ?? '',
  ]);
  return [...claims.map((claim) => counterKey(prefix, claim)), deadline, ...args];
}

function refundArgs(prefix: string, ticket: Ticket, { claims, at }: Taken): (string | number)[] {
  const args = claims.flatMap(({ window, cost }) => {
    const part = partAt(window, at);
    return [part, freeAt(window, part), cost];
  });
  return [`{${prefix}}:r:${ticket.id}`, ...claims.map((claim) => counterKey(prefix, claim)), ...args];
}

function readReply(claims: readonly Claim[], [inTime, now, ...rows]: ReserveReply) {
  const usedUp = rows.flatMap(([index, fields]) => {
    const claim = claims[index];
    return claim === undefined ? [] : [refusalOf(claim, index, heldIn(fields), now)];
  });
  const refusals = refusalsOf(claims, usedUp);
  const isTaken = inTime === 1 && refusals.length === 0;
  const taken: Taken = { claims: isTaken ? takenClaims(claims, usedUp) : [], at: now };
  return { usedUp, refusals, taken };
}

function heldIn(fields: readonly string[]): Held {
  let used = 0;
  const parts: [part: number, amount: number][] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const amount = Number(fields[i + 1]);
    if (fields[i] === 'used') used = amount;
    else if (fields[i] !== 'oldest') parts.push([Number(fields[i]), amount]);
  }
  return { used, parts: parts.sort(([a], [b]) => a - b).flat() };
}
