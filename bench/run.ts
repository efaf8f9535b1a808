import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { arch, availableParallelism, cpus, platform } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generator } from './machine/http-load.ts';
import { isPinned } from './machine/process.ts';
import { readOptions } from './options.ts';
import { plot, type Report } from './plot.ts';
import { type Figure, meets, type Suite } from './suite.ts';

/**
 * `npm run bench`: runs the suites, prints a table, writes `bench/results/latest.json` and a plot of it beside it.
 * With `--plot JSON` nothing is measured: the plot of that file is written beside it.
 */
const { suites: wanted, plot: measured, ...options } = readOptions(process.argv.slice(2));
if (measured !== null) {
  writePlot(measured, JSON.parse(readFileSync(measured, 'utf8')));
  process.exit();
}
const suites = await loadSuites(wanted);
const machine = {
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  system: `${platform()} ${arch()}`,
  node: process.version,
  pinned: isPinned,
  generator,
};
// Whoever measures stays off the core of whoever is measured.
if (isPinned) spawnSync('taskset', ['-a', '-p', '-c', '1', String(process.pid)]);
process.stdout.write(
  `${Object.entries(machine)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')}\n`,
);

const results: Record<string, readonly Figure[]> = {};
for (const suite of suites) {
  process.stdout.write(`\n${suite.name}: ${suite.about}\n`);
  const figures = await suite.run(options);
  results[suite.name] = figures;
  for (const line of table(figures)) process.stdout.write(`${line}\n`);
}
const latest = fileURLToPath(new URL('./results/latest.json', import.meta.url));
mkdirSync(dirname(latest), { recursive: true });
const report = { at: new Date().toISOString(), machine, quick: options.quick, results };
writeFileSync(latest, `${JSON.stringify(report, null, 2)}\n`);
writePlot(latest, report);

/** Draws a run beside its JSON. */
function writePlot(json: string, report: Report): void {
  const file = `${json.replace(/\.json$/, '')}.svg`;
  writeFileSync(file, plot(report));
  process.stdout.write(`\nplotted in ${file}\n`);
}

async function loadSuites(names: readonly string[]): Promise<readonly Suite[]> {
  const folder = new URL('./suites/', import.meta.url);
  const files = (await readdir(folder)).filter((name) => name.endsWith('.ts')).toSorted();
  const all = await Promise.all(
    files.map(async (name) => (await import(new URL(name, folder).href)).suite as Suite),
  );
  const known = new Map(all.map((suite) => [suite.name, suite]));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new Error(`no suite \`${unknown.join('`, `')}\`; expected some of ${[...known.keys()].join(', ')}`);
  }
  return names.length === 0 ? all : names.flatMap((name) => known.get(name) ?? []);
}

/** A line for all figures of one name, in brackets each one's ratio to the reference, and what became of its target. */
function table(figures: readonly Figure[]): readonly string[] {
  const lines = new Map<string, string[]>();
  for (const figure of figures) lines.set(figure.name, [...(lines.get(figure.name) ?? []), cell(figure)]);
  const width = Math.max(...Array.from(lines.keys(), ({ length }) => length));
  const references = [...new Set(figures.flatMap(({ reference }) => reference ?? []))];
  const beside = references.length === 0 ? [] : [`  (in brackets: of ${references.join(', ')})`];
  return [
    ...Array.from(lines, ([name, cells]) => `  ${name.padEnd(width)}  ${cells.join('  ')}`.trimEnd()),
    ...beside,
  ];
}

function cell(figure: Figure): string {
  const { value, unit, ratio, target } = figure;
  const shown = value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
  const compared = `${shown} ${unit}${ratio === undefined ? '' : ` (${ratio.toFixed(2)})`}`;
  if (target === undefined) return compared.padEnd(20);
  const bound = 'atLeast' in target ? `>= ${target.atLeast}` : `<= ${target.atMost}`;
  return `${compared} [${bound} ${meets(figure) ? 'met' : 'NOT MET'}]`.padEnd(20);
}
