import type { JsonObject } from '../model/index.ts';
import type { Written } from '../pipeline/respond.ts';
import { runCall } from './calls.ts';
import { type Asker, cancelNamed } from './exchange.ts';
import {
  answerFrame,
  INVALID_PARAMS,
  INVALID_REQUEST,
  isObject,
  METHOD_NOT_FOUND,
  type RequestFrame,
} from './frame.ts';
import type { Mcp, McpOptions } from './mcp.ts';
import { checkMeta, HEADER_MISMATCH, META, MODERN_VERSIONS } from './modern-meta.ts';
import { Subscriptions } from './modern-subscriptions.ts';
import type { Answer, Surface } from './surface.ts';

/** The era without sessions. A sender's session is its connection over stdio, and the one request over HTTP. */
export interface Modern extends Mcp {
  /** Tells the subscriptions that asked for notifications of this method. */
  notify(method: string): void;
  /** Says on every subscription that it is still there. */
  keepAlive(): void;
  /** Ends every subscription. */
  endSubscriptions(): void;
}

/** How long a client may take what it was told to be fresh; a reload of the policy is told to those who listen. */
const TTL_MS = 60_000;
/** Methods whose results say how they may be cached (2026-07-28, Caching). */
const CACHEABLE = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);
/** The end of the range of codes that the specification keeps for itself. */
const LAST_PROTOCOL_ERROR = -32099;
const NOT_FOUND: Answer = { error: { code: METHOD_NOT_FOUND, message: 'Method not found' } };

/** The dispatcher of MCP 2026-07-28: every request brings all that there is to know of it. */
export function createModern({ surface, version, log }: McpOptions): Modern {
  const subscriptions = new Subscriptions(surface.topics);
  const serverInfo = { name: 'portcullis', version };
  return {
    receive(frame, sender, exchange) {
      switch (frame.kind) {
        case 'invalid':
          return exchange.refuse(frame);
        case 'response': {
          const message = 'Invalid request: this revision has no responses of clients';
          return exchange.refuse({ id: null, code: INVALID_REQUEST, message });
        }
        case 'notification':
          if (frame.method === 'notifications/cancelled') cancelNamed(frame.params, sender.session);
          return exchange.end();
        case 'misfit':
        case 'call':
        case 'request':
          return ask(frame, { sender, exchange });
      }
    },
    notify: (method) => subscriptions.notify(method),
    keepAlive: () => subscriptions.keepAlive(),
    endSubscriptions: () => subscriptions.end(),
  };

  function ask(frame: RequestFrame, asker: Asker): void {
    const { id, method, params } = frame;
    const { sender, exchange } = asker;
    const refuse = (code: number, message: string) => exchange.refuse({ id, code, message });
    const tell = (answer: Answer | Written) => {
      if ('error' in answer && isRefusal(answer.error.code)) exchange.refuse({ id, ...answer.error });
      else exchange.answer(answerFrame(id, completed(answer, wanted(method, serverInfo))));
    };
    const objection = checkMeta(frame);
    if (objection !== null) {
      exchange.refuse(objection);
    } else if (sender.session.running.has(id)) {
      refuse(INVALID_REQUEST, 'Invalid request: a request with this id is still running');
    } else if (frame.kind === 'call') {
      runCall(frame, asker, { surface, log, era: 'modern', tell });
    } else if (frame.kind === 'misfit' && method !== 'initialize') {
      refuse(INVALID_PARAMS, frame.message);
    } else if (method === 'server/discover') {
      tell({ result: discovery(surface) });
    } else if (method === 'subscriptions/listen') {
      subscriptions.listen(frame, asker);
    } else {
      tell(surface.ask({ era: 'modern', method, params, caller: sender.caller }) ?? NOT_FOUND);
    }
  }
}

function discovery({ capabilities, instructions }: Surface): JsonObject {
  return { supportedVersions: MODERN_VERSIONS, capabilities: capabilities.modern, instructions };
}

/** Whether an error says that a request was not taken, not how it went. */
function isRefusal(code: number): boolean {
  return code === METHOD_NOT_FOUND || (code <= HEADER_MISMATCH && code >= LAST_PROTOCOL_ERROR);
}

/** What the protocol wants on every result. */
interface Wanted {
  readonly members: JsonObject;
  readonly meta: JsonObject;
}

function wanted(method: string, serverInfo: JsonObject): Wanted {
  const caching = CACHEABLE.has(method) ? { ttlMs: TTL_MS, cacheScope: 'private' } : {};
  return { members: { resultType: 'complete', ...caching }, meta: { [META.server]: serverInfo } };
}

/** An answer with it. A result that is not complete says so itself, and is not to be kept. */
function completed(answer: Answer | Written, { members, meta }: Wanted): Answer | Written {
  if ('error' in answer) return answer;
  if ('members' in answer) {
    return {
      members: `${textOf(members)},${answer.members}`,
      meta: answer.meta === '' ? textOf(meta) : `${answer.meta},${textOf(meta)}`,
    };
  }
  const { result } = answer;
  const isComplete = (result['resultType'] ?? 'complete') === 'complete';
  const own = isObject(result['_meta']) ? result['_meta'] : {};
  return { result: { ...(isComplete && members), ...result, _meta: { ...own, ...meta } } };
}

/** The members of an object as JSON text. */
function textOf(members: JsonObject): string {
  return JSON.stringify(members).slice(1, -1);
}
