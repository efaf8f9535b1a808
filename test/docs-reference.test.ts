import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from './support/cli.ts';

const page = readFileSync(resolve(import.meta.dirname, '../docs/reference.md'), 'utf8');
/** What every command has, which the page says once. */
const COMMON = new Set(['--help', '--no-color', '--log-level']);
const commands = Array.from(page.matchAll(/^\| `portcullis ([a-z-]+)/gm), ([, name = '']) => name);

async function helpOf(...args: string[]): Promise<string> {
  return (await run([...args, '--help'])).stdout;
}

/** The flags that a help text declares, long ones. */
const flagsOf = (help: string) =>
  Array.from(help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm), ([, flag = '']) => flag).filter(
    (flag) => !COMMON.has(flag),
  );

/** What the page says of a command: its row, and for `serve` and `dry-run` their sections. */
function partOf(name: string): string {
  const row = page.split('\n').find((line) => line.startsWith(`| \`portcullis ${name}`)) ?? '';
  const section = (title: string) => page.split(`## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
  const parts: Readonly<Record<string, string>> = {
    serve: section('Settings of `serve`'),
    'dry-run': section('`dry-run`'),
    explain: section('`dry-run`'),
  };
  return row + (parts[name] ?? '');
}

/** Flags as words of a text: `--tools` is not part of `--tools-file`. */
const words = (text: string) => new Set(text.match(/--[a-z][a-z-]*[a-z]/g));

describe('docs/reference.md', () => {
  it('has the commands of `portcullis --help`', async () => {
    const told = Array.from((await helpOf()).matchAll(/^ {2}([a-z-]+) (?:\[|<)/gm), ([, name = '']) => name);
    expect(commands.toSorted()).toEqual(told.filter((name) => name !== 'help').toSorted());
  });

  it.each(commands)('has every flag of %s', async (name) => {
    const documented = words(partOf(name));
    expect(flagsOf(await helpOf(name)).filter((flag) => !documented.has(flag))).toEqual([]);
  });

  it('has no flag and no variable of `serve` that its help does not have', async () => {
    const help = await helpOf('serve');
    const rows = page.match(/^\| (?:`--|–).*$/gm)?.map((row) => row.split('|')[1] ?? '') ?? [];
    expect(rows.length).toBeGreaterThan(15);
    const flags = new Set(flagsOf(help));
    expect([...words(rows.join())].filter((flag) => !flags.has(flag))).toEqual([]);
    const variables = new Set(help.match(/\b(?:PORTCULLIS|FUSIONAUTH|VAULT)_[A-Z_]+/g));
    const documented = partOf('serve');
    expect([...variables].filter((name) => !documented.includes(`\`${name}\``))).toEqual([]);
  });
});
