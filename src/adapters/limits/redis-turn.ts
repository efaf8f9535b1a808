import type { RedisClient } from './redis-client.ts';

/** The message of the error of a question that nothing answered in time; ioredis has the same for its own. */
export const TIMED_OUT = 'Command timed out';

/** So many wait for each other at most: the first of them waits for the work of those that came with it. */
const MAX_TOGETHER = 16;

/** A question that waits to be sent. */
interface Asked {
  send(): Promise<void>;
  /** Rejects where there was no answer yet. */
  giveUp(): void;
}

/**
 * Asks at the end of this turn of the event loop, together with the other questions of it: each write wakes the
 * server, which costs more than its answer. Rejects as the question does, or with `TIMED_OUT` once `timeoutMs` have
 * passed since it was sent.
 */
export function askTogether(
  client: RedisClient,
  timeoutMs: number,
): <Reply>(question: (client: RedisClient) => Promise<Reply>) => Promise<Reply> {
  let asked: Asked[] = [];
  const send = () => {
    const sending = asked;
    asked = [];
    if (sending.length > 0) sendAll(client, sending, timeoutMs);
  };
  return (question) =>
    new Promise((resolve, reject) => {
      if (asked.length === 0) setImmediate(send);
      asked.push({
        send: async () => {
          try {
            resolve(await question(client));
          } catch (error) {
            reject(error);
          }
        },
        giveUp: () => reject(new Error(TIMED_OUT)),
      });
      if (asked.length >= MAX_TOGETHER) send();
    });
}

function sendAll(client: RedisClient, sending: readonly Asked[], timeoutMs: number): void {
  const waiting = new Set(sending);
  // Where we ourselves were busy the replies may have come and wait to be read: they are looked at first.
  const timer = setTimeout(() => {
    setImmediate(() => {
      for (const one of waiting) one.giveUp();
    });
  }, timeoutMs);
  const nodes = 'nodes' in client ? client.nodes('master') : [client];
  // There is no stream where a node is not connected; a question for it fails by itself.
  const streams = nodes.flatMap(({ stream }) => stream ?? []);
  for (const stream of streams) stream.cork();
  for (const one of sending) {
    void one.send().then(() => {
      waiting.delete(one);
      if (waiting.size === 0) clearTimeout(timer);
    });
  }
  for (const stream of streams) stream.uncork();
}
