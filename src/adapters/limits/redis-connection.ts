import { isOfSelect, openClient, type RedisClient, SILENCE_MS } from './redis-client.ts';
import { askTogether, TIMED_OUT } from './redis-turn.ts';
import type { RedisTarget } from './redis-url.ts';

/** A reply, or why there was none in time. */
export type Answer<Reply> =
  | { readonly got: true; readonly reply: Reply }
  | { readonly got: false; readonly why: string };

/** A connection that keeps itself up and answers every question in time. */
export interface RedisConnection {
  /** Resolves once the server is ready; rejects where it is not within two seconds, and gives up. */
  connect(): Promise<void>;
  /** Never throws, and never takes longer than the rest of this turn of the event loop and the command timeout. */
  ask<Reply>(question: (client: RedisClient) => Promise<Reply>): Promise<Answer<Reply>>;
  close(): Promise<void>;
}

const CONNECT_WITHIN_MS = 2000;
const CLOSE_WITHIN_MS = 100;

/** Prepares a connection that tells of every change of its state; nothing is sent before `connect`. */
export function openConnection(
  target: RedisTarget,
  timeoutMs: number,
  onStateChange: (up: boolean, why: string) => void,
): RedisConnection {
  const client = openClient(target);
  const words = (why: string) => `Redis at ${target.name}: ${why}`;
  const state = followState(client, (up, why) => onStateChange(up, words(why)));
  const silence = watchSilence(client);
  const ask = askTogether(client, timeoutMs);
  let closed = false;

  const close = async () => {
    closed = true;
    silence.stop();
    state.stop();
    const ended = new Promise((resolve) => client.once('end', resolve));
    client.disconnect();
    await within(CLOSE_WITHIN_MS, ended).catch(() => undefined);
  };

  return {
    close,
    async connect() {
      const ready = new Promise<void>((resolve) => state.onReady(resolve));
      // The first attempt may fail: the client goes on trying, and the time allowed decides.
      client.connect().catch(() => undefined);
      const isReady = await within(CONNECT_WITHIN_MS, ready).then(
        () => true,
        () => false,
      );
      if (isReady) return;
      await close();
      throw new Error(`Redis at ${target.name} cannot be reached: ${state.trouble()}`);
    },
    async ask(question) {
      if (closed) return { got: false, why: words('closed') };
      try {
        const reply = await ask(question);
        silence.broken();
        state.answered();
        return { got: true, reply };
      } catch (error) {
        const why = troubleOf(error) ?? state.trouble();
        if (why === NO_ANSWER) silence.began();
        else silence.broken();
        // One key of a wrong type is no outage.
        if (why !== WRONG_TYPE) state.failed(why);
        return { got: false, why: words(why) };
      }
    },
  };
}

function followState(client: RedisClient, tell: (up: boolean, why: string) => void) {
  let up: boolean | null = null;
  let stopped = false;
  let trouble = 'not connected';
  // A replica is left for another connection at each question: that it stands says nothing of what it would answer.
  let isRefusing = false;
  const turn = (nowUp: boolean, why: string) => {
    if (stopped || up === nowUp) return;
    up = nowUp;
    tell(up, why);
  };
  client.on('error', (error: unknown) => {
    trouble = troubleOf(error) ?? trouble;
  });
  client.on('close', () => turn(false, trouble));
  let tellReady = () => {};
  // A connection whose database was refused is ready as well, for a moment.
  const look = () => {
    trouble = 'connection closed';
    if (!isRefusing) turn(true, 'connected');
    tellReady();
  };
  client.on('ready', () => {
    if ('nodes' in client) look();
    else void client.ping().then(look, (error: Error) => error.name === 'ReplyError' && look());
  });
  return {
    answered: () => {
      isRefusing = false;
      turn(true, 'answers again');
    },
    failed: (why: string) => {
      isRefusing ||= why.startsWith(REFUSED);
      turn(false, why);
    },
    onReady: (told: () => void) => {
      tellReady = told;
    },
    trouble: () => trouble,
    stop: () => {
      stopped = true;
    },
  };
}

/** Opens the connection anew where nothing answers within `SILENCE_MS` of a question without an answer. */
function watchSilence(client: RedisClient) {
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  return {
    stop,
    broken: stop,
    began: () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        if (client.status === 'ready') client.disconnect(true);
      }, SILENCE_MS).unref();
    },
  };
}

const NO_ANSWER = 'no answer in time';
const REFUSED = 'answered ';
const WRONG_TYPE = `${REFUSED}WRONGTYPE`;

/** An error in words of ours: a server's or library's own text might repeat a password or an argument. */
function troubleOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (error.message === TIMED_OUT) return NO_ANSWER;
  if ('lastNodeError' in error) return troubleOf(error.lastNodeError);
  if (isOfSelect(error)) return `${REFUSED}${replyCode(error.message)} to SELECT of its database`;
  if (error.name === 'ReplyError') return `${REFUSED}${replyCode(error.message)}`;
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}

// Before version 7 a script's error stands inside an `ERR Error running script`.
function replyCode(message: string): string {
  return (
    (/\b(WRONGTYPE|OOM|READONLY|MISCONF|NOREPLICAS)\b/.exec(message) ?? /^[A-Z]+/.exec(message))?.[0] ?? 'ERR'
  );
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(TIMED_OUT)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
