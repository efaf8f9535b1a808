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
  readonly tell: (answer: Answer) => void;
}

/** Walks one `tools/call` to its answer, and lets it be cancelled until then. Never rejects. */
export async function runCall(
  { id, method, params, tool, args, progressToken }: CallFrame,
  { sender, exchange }: Asker,
  { surface, era, log, tell }: Answering,
): Promise<void> {
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
  const answer = await surface.call(call).catch((error: unknown) => {
    // The gate promises not to throw; a client must not wait for ever for a broken promise.
    log(`a call ended in a bug: ${error instanceof Error ? error.name : typeof error}`);
    return { error: { code: INTERNAL_ERROR, message: 'Internal error' } };
  });
  session.running.delete(id);
  if (!running.silenced) tell(answer);
  session.onSettled?.();
}
