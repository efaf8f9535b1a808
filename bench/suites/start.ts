import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onCore } from '../machine/process.ts';
import { Servers } from '../machine/servers.ts';
import { median, type Suite } from '../suite.ts';

const bin = fileURLToPath(new URL('../../bin/portcullis.js', import.meta.url));
const INITIALIZE = `${JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'bench', version: '1.0.0' },
  },
})}\n`;

/** How long an agent waits for the proxy to be there. */
export const suite: Suite = {
  name: 'start',
  about: 'from the start of the process to the answer to `initialize` on stdio, with the sandbox inside',
  async run({ quick }) {
    const servers = new Servers();
    try {
      const serve = [bin, 'serve', '--sandbox', '--audit', join(servers.folder, 'start.jsonl')];
      const [bare, whole, added]: [number[], number[], number[]] = [[], [], []];
      for (let round = 0; round < (quick ? 3 : 15); round++) {
        const [nothing, answered] = [await timeOf(['-e', '0'], 'end'), await timeOf(serve, 'answer')];
        bare.push(nothing);
        whole.push(answered);
        added.push(answered - nothing);
      }
      return [
        { name: '`node -e 0`', value: median(bare), unit: 'ms' },
        { name: '`serve --sandbox` answers', value: median(whole), unit: 'ms' },
        {
          name: 'added to `node -e 0`',
          value: median(added),
          unit: 'ms',
          target: { of: 'value', atMost: 250 },
        },
      ];
    } finally {
      await servers.close();
    }
  },
};

/** Milliseconds from the start of `node` to its end, or to its first answer. */
async function timeOf(args: readonly string[], until: 'end' | 'answer'): Promise<number> {
  const [file = '', ...rest] = onCore('measured', [process.execPath, ...args]);
  const begun = performance.now();
  const child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  if (until === 'answer') child.stdin.write(INITIALIZE);
  await (until === 'end' ? ended : new Promise((resolve) => child.stdout.once('data', resolve)));
  const took = performance.now() - begun;
  child.stdin.end();
  await ended;
  return took;
}
