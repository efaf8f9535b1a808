import { parseArgs } from 'node:util';
import { properties } from './properties.ts';

/** `npm run fuzz [-- --seed N] [--seconds N]`: tries every property for a while; a failure names its seed and its smallest example. */
const { values: flags } = parseArgs({
  options: { seed: { type: 'string' }, seconds: { type: 'string', default: '60' } },
});
const seed = Number(flags.seed ?? Date.now() % 2 ** 31);
const each = (Number(flags.seconds) * 1000) / properties.length;
process.stdout.write(`seed ${seed}\n`);
for (const { sentence, check } of properties) {
  const begun = performance.now();
  try {
    await check({ seed, numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: each });
    process.stdout.write(`  ✓ ${sentence} (${Math.round((performance.now() - begun) / 1000)} s)\n`);
  } catch (error) {
    process.exitCode = 1;
    process.stdout.write(`  ✗ ${sentence}\n${error instanceof Error ? error.message : String(error)}\n`);
  }
}
