import type { Instant } from '../../model/index.ts';

/** When a key was made; all else follows from that, so processes that share a folder agree without talking. */
export interface Made {
  readonly kid: string;
  readonly madeAt: Instant;
}

/** How keys follow each other, in milliseconds. */
export interface Rotation {
  /** From one key to the next. */
  readonly everyMs: number;
  /** How long a key is published before it signs, so that whoever caches the keys has it by then. */
  readonly aheadMs: number;
  /** How long a key is published after the next one began to sign: longer than any token lives. */
  readonly afterMs: number;
}

/** A key for 30 days, published an hour before and a day and an hour after. */
export const ROTATION: Rotation = {
  everyMs: 30 * 24 * 3600 * 1000,
  aheadMs: 3600 * 1000,
  afterMs: 25 * 3600 * 1000,
};

/** What is to be done with the keys there are at one time. */
export interface Schedule<K extends Made> {
  /** undefined only where there are none. */
  readonly signing: K | undefined;
  readonly published: readonly K[];
  readonly over: readonly K[];
  readonly isNewDue: boolean;
}

/** The keys of a folder -> which signs, which are published, and whether the next is to be made. */
export function scheduleOf<K extends Made>(
  keys: readonly K[],
  now: Instant,
  { everyMs, aheadMs, afterMs }: Rotation,
): Schedule<K> {
  const ordered = keys.toSorted((a, b) => a.madeAt - b.madeAt || (a.kid < b.kid ? -1 : 1));
  const signsFrom = ({ madeAt }: Made) => madeAt + aheadMs;
  const isOver = (_key: K, i: number) => {
    const next = ordered[i + 1];
    return next !== undefined && signsFrom(next) + afterMs <= now;
  };
  const newest = ordered.at(-1);
  return {
    signing: ordered.findLast((key) => signsFrom(key) <= now) ?? ordered[0],
    published: ordered.filter((key, i) => !isOver(key, i)),
    over: ordered.filter(isOver),
    isNewDue: newest === undefined || newest.madeAt + everyMs <= now,
  };
}
