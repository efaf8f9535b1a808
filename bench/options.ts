import { parseArgs } from 'node:util';
import type { BenchOptions } from './suite.ts';

/** `npm run bench -- [SUITE…] [--quick] [--long] [--peer NAME=URL]…`. Throws where it is not understood. */
export function readOptions(argv: readonly string[]): BenchOptions & { readonly suites: readonly string[] } {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      peer: { type: 'string', multiple: true, default: [] },
    },
  });
  const { quick, long, peer } = values;
  return { suites: positionals, quick, long, peers: peer.map(readPeer) };
}

function readPeer(text: string): BenchOptions['peers'][number] {
  const [, name = '', url = ''] = /^([^=]+)=(https?:\/\/.+)$/.exec(text) ?? [];
  if (name === '') throw new Error(`expected \`--peer NAME=URL\`; found \`${text}\``);
  return { name, url };
}
