/** Where the limit store is; `name` is what may be shown of it: hosts and ports. */
export type RedisTarget = {
  readonly name: string;
  readonly username?: string;
  readonly password?: string;
} & (
  | { readonly kind: 'single'; readonly node: RedisNode; readonly tls: boolean; readonly db: number }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisNode[]; readonly tls: boolean }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly RedisNode[];
      readonly master: string;
      readonly db: number;
    }
);

/** One server. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

const EXPECTED =
  '`redis://[user:pass@]host[:port][/db]`, the same with `rediss://`, a comma-separated list of these (a cluster), or `redis+sentinel://[user:pass@]host:port,host:port/master[/db]`; `,`, `/` and `@` of a password percent-encoded';
const SENTINEL_URL =
  /^redis\+sentinel:\/\/(?<login>[^@/]*@)?(?<hosts>[^@/?#]+)\/(?<master>[^/?#]+)(?:\/(?<db>\d+))?$/;

/** Reads the URL of a limit store; throws an Error that never repeats the URL, since it may hold a password. */
export function parseRedisUrl(text: string): RedisTarget {
  const target = text.startsWith('redis+sentinel:') ? parseSentinels(text) : parseServers(text.split(','));
  if (target === null) throw new Error(`the Redis URL is not understood; expected ${EXPECTED}`);
  return target;
}

function parseServers(texts: readonly string[]): RedisTarget | null {
  const servers = texts.map((text) => parseServer(text.trim(), 6379)).filter((server) => server !== null);
  const [first] = servers;
  if (first === undefined || servers.length < texts.length) return null;
  const { node, tls, db, login } = first;
  if (servers.length === 1) return { kind: 'single', name: nameOf([node]), node, tls, db, ...login };
  // A cluster has one database, and one login for all nodes: those it names later get the first URL's.
  if (servers.some((server) => server.tls !== tls || server.db !== 0)) return null;
  const nodes = servers.map((server) => server.node);
  return { kind: 'cluster', name: nameOf(nodes), nodes, tls, ...login };
}

function parseSentinels(text: string): RedisTarget | null {
  const { login = '', hosts = '', master = '', db = '0' } = SENTINEL_URL.exec(text)?.groups ?? {};
  // The login belongs to the master, so it is read as if it stood in the URL of each server.
  const texts = hosts.split(',').map((host) => `redis://${login}${host.trim()}`);
  const servers = texts.map((each) => parseServer(each, 26379)).filter((server) => server !== null);
  const [first] = servers;
  if (master === '' || first === undefined || servers.length < texts.length) return null;
  const sentinels = servers.map((server) => server.node);
  return { kind: 'sentinel', name: nameOf(sentinels), sentinels, master, db: Number(db), ...first.login };
}

function parseServer(text: string, defaultPort: number) {
  const url = URL.canParse(text) ? new URL(text) : null;
  const path = /^\/?(\d*)$/.exec(url?.pathname ?? '-');
  if (url === null || path === null || !['redis:', 'rediss:'].includes(url.protocol)) return null;
  if (url.hostname === '' || url.search !== '' || url.hash !== '') return null;
  return {
    node: { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port || defaultPort) },
    tls: url.protocol === 'rediss:',
    db: Number(path[1] ?? 0),
    login: {
      ...(url.username === '' ? {} : { username: decode(url.username) }),
      ...(url.password === '' ? {} : { password: decode(url.password) }),
    },
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function nameOf(nodes: readonly RedisNode[]): string {
  return nodes
    .map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
    .join(',');
}
