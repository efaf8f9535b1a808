import type { ServerResponse } from 'node:http';

/** An answer of which only the body is not written yet. */
interface Ready {
  readonly res: ServerResponse;
  readonly body: string;
}

/** So many wait for each other at most: the first of them waits for the work of those that came with it. */
const MAX_TOGETHER = 16;

let ready: Ready[] = [];
let isPlanned = false;

/**
 * Ends an answer, together with the others of this turn of the event loop. Each write wakes its reader, which costs
 * more than the call; written one after the other they find it awake. The headers were written to `res` before.
 */
export function endTogether(res: ServerResponse, body: string): void {
  ready.push({ res, body });
  if (ready.length >= MAX_TOGETHER) endReady();
  else if (!isPlanned) {
    isPlanned = true;
    setImmediate(endPlanned);
  }
}

/** Ends the answers that wait now, before something is done to their connection. */
export function endReady(): void {
  const ending = ready;
  ready = [];
  for (const { res, body } of ending) {
    if (!res.destroyed && !res.writableEnded) res.end(body);
  }
}

function endPlanned(): void {
  isPlanned = false;
  endReady();
}
