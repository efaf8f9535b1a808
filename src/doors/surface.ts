import type {
  Awaitable,
  Caller,
  Cancellation,
  Gate,
  Json,
  JsonObject,
  ListedTool,
  SentArgs,
} from '../model/index.ts';
import { toToolResult, type Written } from '../pipeline/respond.ts';
import type { RequestId } from './frame.ts';

/** `legacy` are the revisions that begin with `initialize`, `modern` those whose requests stand for themselves. */
export type Era = 'legacy' | 'modern';

/** A request for a feature of the server. */
export interface Asked {
  readonly era: Era;
  readonly method: string;
  readonly params: JsonObject;
  readonly caller: Caller;
}

/** A `tools/call`. */
export interface ToolCall extends Asked {
  readonly tool: string;
  readonly args: SentArgs;
  readonly progressToken: RequestId | undefined;
  readonly signal: Cancellation;
  /** Sends a message that belongs to the call, before its answer. */
  readonly say: (message: JsonObject) => void;
}

/** A result, or a JSON-RPC error. */
export type Answer =
  | { readonly result: JsonObject }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: Json } };

/** What a server offers through the protocol: its tools, and whatever features stand beside them. */
export interface Surface {
  readonly capabilities: Readonly<Record<Era, JsonObject>>;
  readonly instructions: string;
  call(call: ToolCall): Awaitable<Answer | Written>;
  /** Null where the server has no such method. */
  ask(asked: Asked): Answer | Written | null;
  /** Takes a client's response to something that it was asked. */
  hear(response: JsonObject): void;
  /** What a client can listen for, as `subscriptions/listen` names it -> the method of the notification. */
  readonly topics: ReadonlyMap<string, string>;
  /** Told the method of each notification for all clients. Answers the function that stops it. */
  onChange(listener: (method: string) => void): () => void;
}

const INSTRUCTIONS = [
  'Every call is judged by a policy before it reaches FusionAuth.',
  'A result that begins with [POLICY DENIED] says why: correct arguments that it lists, wait where it says when to retry, and otherwise do not try again.',
  'Secrets in results may be fingerprints (`fp:…`), which identify a value but cannot be used in its place.',
].join(' ');
const CAPABILITIES = { tools: { listChanged: true } };
const TOOLS_CHANGED = 'notifications/tools/list_changed';

/** The surface of the proxy: the tools that its gate guards, and nothing else. */
export function toolSurface(gate: Gate, transport: 'stdio' | 'http'): Surface {
  return {
    capabilities: { legacy: CAPABILITIES, modern: CAPABILITIES },
    instructions: INSTRUCTIONS,
    call({ tool, args, caller, signal, progressToken, say }) {
      const raw = { tool, args, transport, caller, signal };
      const outcome = gate.call(
        progressToken === undefined ? raw : { ...raw, onForward: () => say(progress(progressToken)) },
      );
      return outcome instanceof Promise ? outcome.then(toToolResult) : toToolResult(outcome);
    },
    ask: ({ method, caller }) => (method === 'tools/list' ? writeTools(gate.list(caller)) : null),
    hear: () => {}, // We ask clients nothing, so there is nothing that they could answer.
    topics: new Map([['toolsListChanged', TOOLS_CHANGED]]),
    onChange: (listener) => gate.onToolsChanged(() => listener(TOOLS_CHANGED)),
  };
}

/** The text of each tool that was listed; tools are made once and live as long as the process. */
const texts = new WeakMap<ListedTool, string>();

function writeTools(tools: readonly ListedTool[]): Written {
  return { members: `"tools":[${tools.map(textOf).join(',')}]`, meta: '' };
}

function textOf(tool: ListedTool): string {
  const known = texts.get(tool);
  if (known !== undefined) return known;
  const text = JSON.stringify(tool);
  texts.set(tool, text);
  return text;
}

function progress(progressToken: RequestId): JsonObject {
  const message = 'Allowed by policy; waiting for FusionAuth';
  return {
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken, progress: 1, total: 2, message },
  };
}
