import type { Call, Caller, Instant, JsonObject } from '../model/index.ts';
import type { Roots } from './conditions.ts';
import { isAnonymous } from './subjects.ts';

/** The roots that conditions look at, for one call. */
export function rootsOf(
  call: Pick<Call, 'tool' | 'transport' | 'args' | 'jwt'>,
  kind: string | null,
  { caller, at }: { readonly caller: Caller; readonly at: Instant },
): Roots {
  return new CallRoots(call, kind, caller, at);
}

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
/** The first day of the epoch was a Thursday. */
const WEEKDAYS = ['thu', 'fri', 'sat', 'sun', 'mon', 'tue', 'wed'];

let turns = 0;

/** The roots of one call; `identity` and `time` are made when a condition looks at them. */
class CallRoots implements Roots {
  readonly args: JsonObject;
  readonly call: Roots['call'];
  readonly jwt: JsonObject | null;
  readonly turn = ++turns;
  private readonly caller: Caller;
  private readonly at: Instant;
  private named: JsonObject | null = null;
  private moment: Roots['time'] | null = null;

  constructor(
    { tool, transport, args, jwt }: Parameters<typeof rootsOf>[0],
    kind: string | null,
    caller: Caller,
    at: Instant,
  ) {
    this.args = args;
    this.jwt = jwt;
    this.call = { tool, transport, kind };
    this.caller = caller;
    this.at = at;
  }

  get identity(): JsonObject {
    const { identity } = this.caller;
    this.named ??= { ...identity, anonymous: isAnonymous(identity) };
    return this.named;
  }

  get time(): Roots['time'] {
    this.moment ??= momentOf(this.at);
    return this.moment;
  }
}

function momentOf(at: Instant): Roots['time'] {
  const hours = Math.floor(at / HOUR_MS);
  return {
    hour: modulo(hours, DAY_HOURS),
    weekday: WEEKDAYS[modulo(Math.floor(hours / DAY_HOURS), 7)] ?? '',
  };
}

/** Never negative, also before the epoch. */
function modulo(a: number, b: number): number {
  return ((a % b) + b) % b;
}
