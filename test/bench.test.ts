import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callOnce } from '../bench/machine/http-load.ts';
import { namedPeer } from '../bench/machine/peers.ts';
import { readOptions } from '../bench/options.ts';
import type { Report } from '../bench/plot.ts';
import { type Running, start, temporaryFolder } from './support/cli.ts';
import { elementsOf } from './support/xml.ts';

const root = resolve(import.meta.dirname, '..');
const folder = temporaryFolder();
afterAll(() => folder.remove());

/** The program of the bench, asked for what needs no measuring. */
function bench(...args: readonly string[]) {
  return spawnSync(process.execPath, ['--import', 'tsx', 'bench/run.ts', ...args], {
    cwd: root,
    encoding: 'utf8',
  });
}

const REPORT: Report = {
  at: '2026-11-25T10:00:00.000Z',
  machine: { cpu: 'A <fast> & small one', cores: 2, node: 'v20.20.0' },
  quick: false,
  results: {
    'http-allow': [
      { name: 'raw line', value: 10_000, unit: 'calls/s' },
      { name: 'raw line', value: 1.5, unit: 'ms p50' },
      {
        name: 'ours',
        value: 8000,
        unit: 'calls/s',
        ratio: 0.8,
        reference: 'raw line',
        target: { of: 'ratio', atLeast: 0.75 },
      },
      {
        name: 'ours, denied',
        value: 5000,
        unit: 'calls/s',
        ratio: 0.5,
        reference: 'raw line',
        target: { of: 'ratio', atLeast: 0.75 },
      },
      { name: 'a <peer>', value: 2500, unit: 'calls/s', ratio: 0.25, reference: 'raw line' },
    ],
    start: [{ name: 'start', value: 200, unit: 'ms' }],
  },
};

describe('the plot of a run', () => {
  let svg = '';
  beforeAll(() => {
    const json = join(folder.path, 'measured.json');
    writeFileSync(json, JSON.stringify(REPORT));
    const { status, stdout, stderr } = bench('--plot', json);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(join(folder.path, 'measured.svg'));
    svg = readFileSync(join(folder.path, 'measured.svg'), 'utf8');
  });

  it('is well-formed, and a bar a throughput', () => {
    const elements = elementsOf(`\n${svg}`);
    expect(elements[0]).toBe('svg');
    expect(elements.filter((name) => name === 'rect').length).toBe(1 + 4);
  });

  it('has bars as long as what they stand for, and the words that say what that is', () => {
    const bars = Array.from(
      svg.matchAll(/<rect x="400" y="\d+" width="([\d.]+)" height="14" fill="(#\w+)"/g),
    );
    const [longest = Number.NaN] = bars.map(([, width]) => Number(width));
    expect(bars.map(([, width]) => Number(width) / longest)).toEqual([1, 0.8, 0.5, 0.25]);
    expect(new Set(bars.map(([, , color]) => color)).size).toBe(4);
    for (const words of [
      '2026-11-25 · A &lt;fast&gt; &amp; small one, 2 cores, Node v20.20.0',
      'http-allow',
      'a &lt;peer&gt;',
      '10,000/s',
      '8,000/s · 0.80',
    ]) {
      expect(svg).toContain(`>${words}<`);
    }
    expect(svg).not.toContain('start');
  });
});

describe('what is asked of the bench', () => {
  it('is some suites, and peers by name and URL', () => {
    const peers = ['--peer', 'one=http://127.0.0.1:1/mcp', '--peer', 'two=https://two.example/a=b'];
    expect(readOptions(['http-allow', 'stdio', '--quick', ...peers])).toEqual({
      suites: ['http-allow', 'stdio'],
      quick: true,
      long: false,
      peers: [
        { name: 'one', url: 'http://127.0.0.1:1/mcp' },
        { name: 'two', url: 'https://two.example/a=b' },
      ],
      plot: null,
    });
  });

  it.each(['http://127.0.0.1:1/mcp', '=http://127.0.0.1:1/mcp', 'one', 'one=ftp://x', 'one=http://'])(
    'is refused where the peer is %s',
    (peer) => {
      expect(() => readOptions(['--peer', peer])).toThrow('expected `--peer NAME=URL`');
    },
  );

  it('is refused where no suite would measure the peer', () => {
    const peer = ['--peer', 'one=http://127.0.0.1:1/mcp'];
    expect(() => readOptions(['http-deny', ...peer])).toThrow('`--peer` is measured by `http-allow`');
    expect(readOptions(peer).peers.length).toBe(1);
  });

  it('is told which suites there are; each is a row of the README', () => {
    const { status, stderr } = bench('none');
    expect(status).not.toBe(0);
    const [, listed = ''] = /no suite `none`; expected some of (.*)/.exec(stderr) ?? [];
    const files = readdirSync(join(root, 'bench/suites')).map((file) => file.replace('.ts', ''));
    expect(listed.split(', ').toSorted()).toEqual(files.toSorted());
    const [table = ''] =
      /\| suite \|[\s\S]*?\n\n/.exec(readFileSync(join(root, 'bench/README.md'), 'utf8')) ?? [];
    const rows = Array.from(table.matchAll(/^\| `([\w-]+)` \|/gm), ([, name]) => name);
    expect(rows.toSorted()).toEqual(files.toSorted());
  });
});

describe('a peer that runs already', () => {
  let proxy: Running;
  let url = '';
  beforeAll(async () => {
    proxy = start(['serve', '--sandbox', '--audit', 'off', '--http', '0']);
    url = (await proxy.says(/ on (http:\S+\/mcp)/))[1] ?? '';
  });
  afterAll(() => proxy.stop());

  it('is opened, and called in its session with a tool that it has', async () => {
    const { name, call, answers, usage } = await namedPeer({ name: 'other', url });
    expect([name, usage]).toEqual(['other', null]);
    expect(call.sessions.length).toBe(1);
    expect(await callOnce(call)).toMatch(answers);
  });

  it('is told apart from a server that does not speak MCP', async () => {
    const peer = { name: 'other', url: url.replace('/mcp', '/healthz') };
    await expect(namedPeer(peer)).rejects.toThrow('/healthz answered `initialize` with');
  });
});
