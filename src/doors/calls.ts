import type { Awaitable } from '../model/index.ts';
import type { Written } from '../pipeline/respond.ts';
import { Cancel } from './cancellation.ts';
import type { Asker, Running } from './exchange.ts';
import { type CallFrame, INTERNAL_ERROR } from './frame.ts';
import type { Answer, Era, Surface, ToolCall } from './surface.ts';

/** What a call is answered with and how. */
interface Answering {
  readonly surface: Surface;
  readonly era: Era;
  readonly log: (message: string) => void;
  /** Writes the answer; not called where the call was cancelled before. */
  readonly tell: (answer: Answer | Written) => void;
}

/** Walks one `tools/call` to its answer, and lets it be cancelled until then. Never throws. */
export function runCall(
  { id, method, params, tool, args, progressToken }: CallFrame,
  { sender, exchange }: Asker,
  { surface, era, log, tell }: Answering,
): void {
  const { session, caller } = sender;
  const cancel = new Cancel();
  const running: Running = { cancel, exchange, silenced: false };
  session.running.set(id, running);
  const call: ToolCall = {
    era,
    method,
    params,
    tool,
    args,
    progressToken,
    caller,
    signal: cancel,
    say: (message) => {
      if (!running.silenced) exchange.notify(JSON.stringify(message));
    },
  };
  const settle = (answer: Answer | Written) => {
    session.running.delete(id);
    exchange.settled();
    if (!running.silenced) tell(answer);
    session.onSettled?.();
  };
  // The gate promises not to throw; a client must not wait for ever for a broken promise.
  const fail = (error: unknown): Answer => {
    log(`a call ended in a bug: ${error instanceof Error ? error.name : typeof error}`);
    return { error: { code: INTERNAL_ERROR, message: 'Internal error' } };
  };
  let answer: Awaitable<Answer | Written>;
  try {
    answer = surface.call(call);
  } catch (error) {
    answer = fail(error);
  }
  if (answer instanceof Promise) void answer.catch(fail).then(settle);
  else settle(answer);
}
