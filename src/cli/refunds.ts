import type { Limits, Ticket } from '../model/index.ts';

/** Refunds that become known at their own times; what is not given back is spent. */
export interface Refunds {
  add(ticket: Ticket, at: number): void;
  /** Gives back what was settled up to a time, in the order of settling. */
  until(now: number): Promise<void>;
}

/** Opens an empty list of refunds. */
export function openRefunds(limits: Limits): Refunds {
  let pending: { readonly ticket: Ticket; readonly at: number }[] = [];
  return {
    add(ticket, at) {
      pending.push({ ticket, at });
    },
    async until(now) {
      if (pending.length === 0) return;
      const due = pending.filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at);
      pending = pending.filter(({ at }) => at > now);
      for (const { ticket, at } of due) await limits.settle(ticket, 'refund', at);
    },
  };
}
