import type { Json, JsonObject } from '../model/index.ts';
import { INVALID_PARAMS, isObject, isRequestId, type RequestFrame, type RpcError } from './frame.ts';

/** The revisions whose requests stand for themselves, newest first. */
export const MODERN_VERSIONS: readonly string[] = ['2026-07-28'];

/** MCP 2026-07-28: the HTTP headers do not say what the body says. */
export const HEADER_MISMATCH = -32020;
/** MCP 2026-07-28: the revision that a request asks for is not spoken here. */
export const UNSUPPORTED_VERSION = -32022;

/** Keys of `_meta` that the protocol itself reads or writes. */
export const META = {
  version: 'io.modelcontextprotocol/protocolVersion',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  client: 'io.modelcontextprotocol/clientInfo',
  logLevel: 'io.modelcontextprotocol/logLevel',
  server: 'io.modelcontextprotocol/serverInfo',
  subscription: 'io.modelcontextprotocol/subscriptionId',
} as const;

const LOG_LEVELS: ReadonlySet<Json> = new Set([
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
]);

/** Members of `_meta` beside the version: whether they must be there, what is accepted, and in words. */
const MEMBERS: readonly {
  readonly key: string;
  readonly isRequired: boolean;
  readonly accepts: (value: Json) => boolean;
  readonly expected: string;
}[] = [
  { key: META.capabilities, isRequired: true, accepts: (value) => isObject(value), expected: 'an object' },
  {
    key: META.client,
    isRequired: false,
    accepts: (value) =>
      isObject(value) && typeof value['name'] === 'string' && typeof value['version'] === 'string',
    expected: 'an object with `name` and `version`',
  },
  {
    key: META.logLevel,
    isRequired: false,
    accepts: (value) => LOG_LEVELS.has(value),
    expected: `one of ${[...LOG_LEVELS].join(', ')}`,
  },
  {
    key: 'progressToken',
    isRequired: false,
    accepts: (value) => isRequestId(value),
    expected: 'a string or an integer',
  },
];

/** Whether params carry what only a request of the modern era has, well-formed or not. */
export function looksModern(params: Json | undefined): boolean {
  const meta = isObject(params) ? params['_meta'] : undefined;
  return isObject(meta) && (META.version in meta || META.capabilities in meta);
}

/** The revision that a request says it is written in; undefined where it does not say. */
export function declaredVersion(params: JsonObject): Json | undefined {
  const meta = params['_meta'];
  return isObject(meta) ? meta[META.version] : undefined;
}

/** What is wrong with the metadata of a request (2026-07-28, Overview, `_meta`), or null. */
export function checkMeta({ id, params }: RequestFrame): RpcError | null {
  const meta = params['_meta'];
  const invalid = (path: string, expected: string): RpcError => {
    return {
      id,
      code: INVALID_PARAMS,
      message: `Invalid params: expected ${expected} as \`params._meta${path}\``,
    };
  };
  if (!isObject(meta)) return invalid('', 'an object');
  const version = meta[META.version];
  if (typeof version !== 'string') return invalid(`["${META.version}"]`, 'a string');
  if (!MODERN_VERSIONS.includes(version)) return { id, ...unsupported(version) };
  for (const { key, isRequired, accepts, expected } of MEMBERS) {
    const value = meta[key];
    if (value === undefined ? isRequired : !accepts(value)) return invalid(`["${key}"]`, expected);
  }
  return null;
}

/** That a revision is not spoken here, with those that are. */
export function unsupported(requested: string): Omit<RpcError, 'id'> {
  return {
    code: UNSUPPORTED_VERSION,
    message: 'Unsupported protocol version',
    data: { supported: MODERN_VERSIONS, requested },
  };
}
