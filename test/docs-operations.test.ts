import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { openMetrics } from '../src/cli/metrics.ts';

const read = (name: string) => readFileSync(resolve(import.meta.dirname, '../docs', name), 'utf8');
const page = read('operations.md');
const reference = read('reference.md');

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}
const [, body = ''] = /^```yml\n([\s\S]*?)^```$/m.exec(page) ?? [];
const rules = (parse(body) as Rules).groups.flatMap((group) => group.rules);
const metrics = openMetrics().text();

describe('docs/operations.md', () => {
  it('has alerts', () => expect(rules.length).toBeGreaterThan(5));

  it.each(rules.map(({ alert, expr }) => [alert, expr]))(
    '%s asks for metrics that there are',
    (_alert, expr = '') => {
      const names = expr.match(/portcullis_\w+/g) ?? [];
      expect(names).not.toEqual([]);
      for (const name of names) expect(metrics).toMatch(new RegExp(`^(?:# TYPE )?${name}[ {]`, 'm'));
      const codes = Array.from(expr.matchAll(/code=~?"([^"]*)"/g)).flatMap(([, each = '']) =>
        each.split('|'),
      );
      for (const code of codes) expect(reference).toContain(`\`${code}\``);
    },
  );

  it('names flags and variables that the reference has', () => {
    const names = new Set(page.match(/(?:--[a-z][a-z-]+|(?:PORTCULLIS|FUSIONAUTH)_[A-Z_]+)/g));
    expect(names.size).toBeGreaterThan(8);
    const known = `${reference}${read('token-service.md')}`;
    expect([...names].filter((name) => !known.includes(name.replace(/_FILE$/, '')))).toEqual([]);
  });
});
