import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Core, probedNode, program, type Started, start } from './process.ts';

const bin = fileURLToPath(new URL('../../bin/portcullis.js', import.meta.url));
const shipped = fileURLToPath(new URL('../../policies/default.yaml', import.meta.url));

/** The servers of a suite, and a folder of their own; `close` ends them all, the newest first. */
export class Servers {
  readonly folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
  private readonly running: Started[] = [];

  /** A reference program on the measured core. Answers the URL that it says it listens on. */
  async reference(name: string, env: Readonly<Record<string, string>> = {}): Promise<Listening> {
    return this.listening(await start('measured', probedNode(program(name)), { ready: URL_SAID, env }));
  }

  /** A command on the other core, once its output matches `ready`. */
  async started(command: readonly string[], ready: RegExp): Promise<Listening> {
    return this.listening(await start('other', command, { ready }));
  }

  /** What stands in FusionAuth's place, on the other core. */
  async upstream(): Promise<string> {
    return (await this.upstreamServer()).url;
  }

  /** The same, and its process. */
  async upstreamServer(): Promise<Listening> {
    const env = { BENCH_PEM: PEM };
    return this.listening(
      await start('other', [process.execPath, program('upstream')], { ready: URL_SAID, env }),
    );
  }

  /** A redis-server without persistence, on the other core where nothing else is said. */
  async redis(core: Core = 'other'): Promise<string> {
    return (await this.redisServer(core)).url;
  }

  /** The same, and its process. */
  async redisServer(core: Core = 'other'): Promise<Listening> {
    const port = String(await freePort());
    const command = [
      'redis-server',
      '--port',
      port,
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--dir',
      this.folder,
    ];
    const server = this.listening(await start(core, command, { ready: /Ready to accept connections/ }));
    return { ...server, url: `redis://127.0.0.1:${port}` };
  }

  /** `portcullis serve --http` on the measured core, audited to a file. */
  async proxy(
    name: string,
    { upstream, redis = null, policy = this.roomyPolicy(), core = 'measured' }: ProxyOptions,
  ): Promise<Listening> {
    const args = [
      ...['serve', '--http', '0', '--policy', policy, '--fusionauth', upstream, '--log-level', 'error'],
      ...['--audit', join(this.folder, `${name}.jsonl`), ...(redis === null ? [] : ['--redis', redis])],
    ];
    const env = { PORTCULLIS_SECRET: SECRET, FUSIONAUTH_API_KEY: 'bench-api-key' };
    return this.listening(await start(core, probedNode(bin, ...args), { ready: /on (http:\S+\/mcp)/, env }));
  }

  /** The default policy with bounds that no load reaches: the same rules, counters and claims, never used up. */
  roomyPolicy(): string {
    const text = readFileSync(shipped, 'utf8')
      .replaceAll('60/minute', `${ROOM}/minute`)
      .replaceAll('max: 30', `max: ${ROOM}`);
    return this.file('roomy.yaml', text);
  }

  file(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  async close(): Promise<void> {
    for (const server of this.running.reverse()) await server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Takes over a server that was started elsewhere. */
  listening(server: Started): Listening {
    this.running.push(server);
    return { url: server.said[1] ?? '', pid: server.child.pid ?? 0, usage: server.usage };
  }
}

/** A server and where it is. */
export interface Listening {
  readonly url: string;
  readonly pid: number;
  /** Of a program of ours, which has the probe. */
  readonly usage: Started['usage'];
}

interface ProxyOptions {
  readonly upstream: string;
  readonly redis?: string | null;
  readonly policy?: string;
  readonly core?: Core;
}

/** The secret of the proxies that are measured. */
export const SECRET = 'a secret of the bench, thirty-two bytes';
const ROOM = 1_000_000_000;
const URL_SAID = /listening on (http:\S+)/;
/** Of the length that a public key has. */
export const PEM = `-----BEGIN PUBLIC KEY-----\n${'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A'.repeat(12)}\n-----END PUBLIC KEY-----\n`;

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
