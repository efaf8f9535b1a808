import type { Instant } from '../model/index.ts';
import type { TokenRecord } from '../model/tokens.ts';

/** Refusals of one kind that are not recorded one by one. */
interface Entry {
  readonly until: Instant;
  latest: TokenRecord;
  count: number;
}

const WINDOW_MS = 60_000;
/** Clients at addresses that have a line of their own at a time: an attacker may have more addresses than a disk has room. */
const MAX_ENTRIES = 1_000;

/**
 * Records what the guard turned away: the first refusal of a client, address and endpoint in a minute is a line, and
 * those that follow are one line together, once the minute is over.
 */
export class Tally {
  private readonly entries = new Map<string, Entry>();
  private readonly write: (record: TokenRecord) => void;

  constructor(write: (record: TokenRecord) => void) {
    this.write = write;
  }

  add(told: TokenRecord, at: Instant): void {
    this.sweep(at);
    const isCrowded = this.entries.size >= MAX_ENTRIES && !this.entries.has(keyOf(told));
    const record = isCrowded ? ofNobody(told) : told;
    const key = keyOf(record);
    const entry = this.entries.get(key);
    if (entry === undefined) {
      this.entries.set(key, { until: at + WINDOW_MS, latest: record, count: 0 });
      this.write(record);
    } else {
      entry.latest = record;
      entry.count++;
    }
  }

  /** Writes what is over by then. */
  sweep(at: Instant): void {
    for (const [key, { until, latest, count }] of this.entries) {
      // Entries are as old as their place.
      if (until > at) return;
      this.entries.delete(key);
      if (count > 0) this.write({ ...latest, count });
    }
  }
}

function keyOf({ endpoint, address, tenant, project, client_id }: TokenRecord): string {
  return JSON.stringify([endpoint, address, tenant, project, client_id]);
}

/** All that have no line of their own have one together. */
function ofNobody(record: TokenRecord): TokenRecord {
  return { ...record, address: '', tenant: null, project: null, client_id: null };
}
