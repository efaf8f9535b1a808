import { type Figure, meets } from './suite.ts';

/** What a run found, as `latest.json` has it. */
export interface Report {
  readonly at: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
  readonly quick: boolean;
  readonly results: Readonly<Record<string, readonly Figure[]>>;
}

const [LABEL, BAR, NOTE, LINE, WIDTH] = [400, 380, 180, 20, 980];
const COLORS = { met: '#2f7d4f', missed: '#b4483c', known: '#5b7ea8', reference: '#9aa3ad' };

/** The throughput of a run as SVG: a bar a figure, each as long as its share of the largest of its suite. */
export function plot({ at, machine, quick, results }: Report): string {
  const rows: string[] = [];
  let y = 44;
  for (const [suite, figures] of Object.entries(results)) {
    const shown = figures.filter(({ unit }) => unit === 'calls/s');
    if (shown.length === 0) continue;
    const most = Math.max(...shown.map(({ value }) => value));
    rows.push(text(12, y + 14, suite, 'font-weight="bold"'));
    y += LINE + 4;
    for (const figure of shown) {
      rows.push(...bar(figure, y, (figure.value / most) * BAR));
      y += LINE;
    }
    y += 12;
  }
  const title = `${at.slice(0, 10)} · ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}${quick ? ' · quick, not to be quoted' : ''}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y + 12}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    text(12, 24, title, 'fill="#555555"'),
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

function bar(figure: Figure, y: number, length: number): readonly string[] {
  const { name, value, ratio } = figure;
  const met = meets(figure);
  const color =
    met === null ? (ratio === undefined ? COLORS.reference : COLORS.known) : met ? COLORS.met : COLORS.missed;
  const note = `${Math.round(value).toLocaleString('en-US')}/s${ratio === undefined ? '' : ` · ${ratio.toFixed(2)}`}`;
  return [
    text(LABEL - 8, y + 13, name, 'text-anchor="end"'),
    `<rect x="${LABEL}" y="${y + 2}" width="${length.toFixed(1)}" height="${LINE - 6}" fill="${color}"/>`,
    text(LABEL + Math.min(length, WIDTH - LABEL - NOTE) + 6, y + 13, note, 'fill="#333333"'),
  ];
}

function text(x: number, y: number, words: string, attributes: string): string {
  const safe = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${safe}</text>`;
}
