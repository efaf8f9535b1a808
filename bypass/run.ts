import { parseArgs } from 'node:util';
import { type DoorName, loadThemes, type ReadyTheme } from './attack.ts';
import { openHttp, openRest } from './http-doors.ts';
import { openOwn } from './own-proxy.ts';
import { type OpenTarget, type Result, tryTheme } from './suite.ts';

const HELP = `npm run bypass -- [--url URL | --rest-url URL] [--upstream PORT] [--only N] [--verbose]

Tries the published attacks on our own stdio, HTTP and REST doors, or on the MCP endpoint or REST door of another proxy.
Another proxy must enforce bypass/policy.yaml and have http://127.0.0.1:PORT as its upstream (--upstream, default 9011).`;

const { values: flags } = parseArgs({
  options: {
    url: { type: 'string' },
    'rest-url': { type: 'string' },
    upstream: { type: 'string' },
    only: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (flags.help) process.stdout.write(`${HELP}\n`);
else process.exitCode = await main();

async function main(): Promise<number> {
  const isForeign = flags.url !== undefined || flags['rest-url'] !== undefined;
  const port = Number(flags.upstream ?? (isForeign ? 9011 : 0));
  const results: Result[] = [];
  const open = isForeign ? openForeign : openOwn;
  for (const theme of themes(isForeign)) {
    process.stdout.write(`\n${theme.theme}\n`);
    for (const result of await tryTheme(theme, { doors: doors(), open, port })) {
      process.stdout.write(line(result, isForeign));
      results.push(result);
    }
  }
  return summary(results, isForeign);
}

function doors(): readonly DoorName[] {
  if (flags.url !== undefined) return ['http'];
  return flags['rest-url'] === undefined ? ['stdio', 'http', 'rest'] : ['rest'];
}

/** Those that need a proxy of their own are not for another one's. */
function themes(isForeign: boolean): readonly ReadyTheme[] {
  const only = flags.only === undefined ? null : Number(flags.only);
  return loadThemes()
    .filter((theme) => !isForeign || theme.isShared)
    .map((theme) => ({ ...theme, attacks: theme.attacks.filter(({ id }) => only === null || id === only) }))
    .filter(({ attacks }) => attacks.length > 0);
}

const openForeign: OpenTarget = async (_theme, name) => {
  const door =
    name === 'http' ? await openHttp(new URL(flags.url ?? '')) : openRest(new URL(flags['rest-url'] ?? ''));
  return { door, act: async () => {}, close: () => door.close() };
};

function line({ attack, door, trespasses, surprises, answers }: Result, isForeign: boolean): string {
  const failed = trespasses.length > 0 || (!isForeign && surprises.length > 0);
  const why = [...trespasses, ...(isForeign ? [] : surprises.map((surprise) => `not expected: ${surprise}`))];
  const detail = flags.verbose ? ` [${[...new Set(answers)].join('; ')}]` : '';
  return `  ${failed ? '✗' : '✓'} ${String(attack.id).padStart(3)} ${door.padEnd(5)} ${attack.title}${detail}\n${why
    .map((one) => `        ${one}\n`)
    .join('')}`;
}

function summary(results: readonly Result[], isForeign: boolean): number {
  const passed = results.filter(({ trespasses }) => trespasses.length > 0);
  const odd = isForeign ? [] : results.filter(({ surprises }) => surprises.length > 0);
  const attacks = new Set(results.map(({ attack }) => attack.id)).size;
  process.stdout.write(
    `\n${attacks} attacks, tried ${results.length} times: ${passed.length} got past the policy, ${odd.length} were answered as not expected\n`,
  );
  return passed.length + odd.length > 0 ? 1 : 0;
}
