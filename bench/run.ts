import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { Figure, Suite } from './suite.ts';

/** `npm run bench [-- SUITE…]`: runs the suites, prints a table and writes `bench/results/latest.json`. */
const wanted = process.argv.slice(2);
const suites = (await loadSuites()).filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const results: Record<string, readonly Figure[]> = {};
for (const suite of suites) {
  process.stdout.write(`\n${suite.name}: ${suite.about}\n`);
  const figures = await suite.run();
  results[suite.name] = figures;
  for (const figure of figures) process.stdout.write(`${row(figure)}\n`);
}
const folder = new URL('./results/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('latest.json', folder), `${JSON.stringify(results, null, 2)}\n`);

async function loadSuites(): Promise<readonly Suite[]> {
  const folder = new URL('./suites/', import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.ts')).toSorted();
  return Promise.all(names.map(async (name) => (await import(new URL(name, folder).href)).suite as Suite));
}

function row({ name, value, unit, ratio, reference }: Figure): string {
  const shown = `${value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)} ${unit}`;
  const beside = ratio === undefined ? '' : `  ${ratio.toFixed(2)} of ${reference ?? 'the reference'}`;
  return `  ${name.padEnd(48)} ${shown.padStart(18)}${beside}`;
}
