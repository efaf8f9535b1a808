import { parseArgs } from 'node:util';
import type { BenchOptions } from './suite.ts';

/** What is asked of `npm run bench`. */
export interface Asked extends BenchOptions {
  readonly suites: readonly string[];
  /** A JSON of an earlier run that is drawn, in place of measuring; else null. */
  readonly plot: string | null;
}

/** The suite that puts peers beside the proxy. */
const WITH_PEERS = 'http-allow';

/** `npm run bench -- [SUITE…] [--quick] [--long] [--peer NAME=URL]… [--plot JSON]`. Throws where it is not understood. */
export function readOptions(argv: readonly string[]): Asked {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      peer: { type: 'string', multiple: true, default: [] },
      plot: { type: 'string' },
    },
  });
  const { quick, long, peer, plot = null } = values;
  if (peer.length > 0 && positionals.length > 0 && !positionals.includes(WITH_PEERS)) {
    throw new Error(
      `\`--peer\` is measured by \`${WITH_PEERS}\`, which is not among the suites that were asked for`,
    );
  }
  return { suites: positionals, quick, long, peers: peer.map(readPeer), plot };
}

function readPeer(text: string): BenchOptions['peers'][number] {
  const [, name = '', url = ''] = /^([^=]+)=(https?:\/\/.+)$/.exec(text) ?? [];
  if (name === '') throw new Error(`expected \`--peer NAME=URL\`; found \`${text}\``);
  return { name, url };
}
