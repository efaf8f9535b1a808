import { Cancel } from './cancellation.ts';
import type { Instant, Json, JsonObject } from '../model/index.ts';
import type { Asker, Exchange, McpSession } from './exchange.ts';
import { expiryOf } from './expiry.ts';
import {
  INVALID_PARAMS,
  INVALID_REQUEST,
  isObject,
  type RequestFrame,
  type RequestId,
  type RpcError,
} from './frame.ts';
import { META } from './modern-meta.ts';

/** A `subscriptions/listen` that has not ended. */
interface Subscription {
  readonly id: RequestId;
  /** Methods of the notifications that it wants. */
  readonly methods: ReadonlySet<string>;
  readonly session: McpSession;
  readonly exchange: Exchange;
  /** From then on nobody vouches for who listens. */
  readonly until: Instant;
}

interface Member {
  readonly accepts: (value: Json) => boolean;
  readonly expected: string;
}

/** A member that is on or off. */
const SWITCH: Member = { accepts: (value) => typeof value === 'boolean', expected: 'a boolean' };
/** What `params.notifications` may ask for, whether or not it is served here, and what its values are. */
const FILTER: ReadonlyMap<string, Member> = new Map([
  ['toolsListChanged', SWITCH],
  ['promptsListChanged', SWITCH],
  ['resourcesListChanged', SWITCH],
  [
    'resourceSubscriptions',
    {
      accepts: (value) => Array.isArray(value) && value.every((uri) => typeof uri === 'string'),
      expected: 'a list of strings',
    },
  ],
]);
/** Of one connection; each is a request without an answer, of which a connection has a bounded number. */
const MAX_SUBSCRIPTIONS = 16;

/** The subscriptions of one door (2026-07-28, Subscriptions). */
export class Subscriptions {
  private readonly open = new Set<Subscription>();
  private readonly topics: ReadonlyMap<string, string>;

  /** `topics`: what a client can listen for -> the method of the notification. */
  constructor(topics: ReadonlyMap<string, string>) {
    this.topics = topics;
  }

  /** Opens one, and acknowledges what of its filter is served. It ends when it is cancelled, with its token or with `end`. */
  listen({ id, params }: RequestFrame, { sender: { session, caller }, exchange }: Asker): void {
    const filter = params['notifications'];
    const objection = findFault(filter) ?? this.findExcess(session);
    if (objection !== null) {
      exchange.refuse({ id, ...objection });
      return;
    }
    const served = [...this.topics].filter(([topic]) => isObject(filter) && filter[topic] === true);
    const methods = new Set(served.map(([, method]) => method));
    const subscription = { id, session, exchange, methods, until: expiryOf(caller.identity) };
    const cancel = new Cancel();
    cancel.addEventListener('abort', () => this.close(subscription));
    session.running.set(id, { cancel, exchange, silenced: false });
    this.open.add(subscription);
    const notifications = Object.fromEntries(served.map(([topic]) => [topic, true]));
    exchange.notify(tagged(subscription, 'notifications/subscriptions/acknowledged', { notifications }));
  }

  /** Tells those who asked for it. */
  notify(method: string): void {
    for (const subscription of this.vouchedFor()) {
      if (subscription.methods.has(method)) subscription.exchange.announce(tagged(subscription, method));
    }
  }

  keepAlive(): void {
    for (const { exchange } of this.vouchedFor()) exchange.keepAlive();
  }

  /** Ends all of them, each with the result that says that this was no accident. */
  end(): void {
    for (const subscription of this.open) this.complete(subscription);
  }

  /** Those that are still open, once those whose token has expired are not. */
  private vouchedFor(): Iterable<Subscription> {
    const now = Date.now();
    for (const subscription of this.open) if (subscription.until <= now) this.complete(subscription);
    return this.open;
  }

  private complete(subscription: Subscription): void {
    const { id, exchange } = subscription;
    this.close(subscription);
    const result = { resultType: 'complete', _meta: { [META.subscription]: id } };
    exchange.answer(JSON.stringify({ jsonrpc: '2.0', id, result }));
  }

  private close(subscription: Subscription): void {
    this.open.delete(subscription);
    subscription.session.running.delete(subscription.id);
    subscription.session.onSettled?.();
  }

  private findExcess(session: McpSession): Objection | null {
    if (session.running.size < MAX_SUBSCRIPTIONS) return null;
    const count = [...this.open].filter((one) => one.session === session).length;
    const message = `Invalid request: a connection has at most ${MAX_SUBSCRIPTIONS} subscriptions`;
    return count < MAX_SUBSCRIPTIONS ? null : { code: INVALID_REQUEST, message };
  }
}

type Objection = Omit<RpcError, 'id'>;

/** What is wrong with the filter of a subscription, or null. */
function findFault(filter: Json | undefined): Objection | null {
  const invalid = (expected: string, name: string): Objection => {
    return {
      code: INVALID_PARAMS,
      message: `Invalid params: expected ${expected} as \`params.notifications${name}\``,
    };
  };
  if (!isObject(filter)) return invalid('an object', '');
  for (const [topic, { accepts, expected }] of FILTER) {
    const value = filter[topic];
    if (value !== undefined && !accepts(value)) return invalid(expected, `.${topic}`);
  }
  return null;
}

function tagged({ id }: Subscription, method: string, params: JsonObject = {}): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    method,
    params: { _meta: { [META.subscription]: id }, ...params },
  });
}
