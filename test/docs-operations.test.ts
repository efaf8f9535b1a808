import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { openMetrics } from '../src/cli/metrics.ts';
import type { Granted } from '../src/model/tokens.ts';

const read = (name: string) => readFileSync(resolve(import.meta.dirname, '../docs', name), 'utf8');
const page = read('operations.md');
const reference = read('reference.md');

/** How a request for a token ends, by the types of the program; the page of the token service names them. */
const OUTCOMES: Readonly<Record<Granted['ended'], true>> = {
  issued: true,
  invalid: true,
  unauthorized: true,
  client_unknown: true,
  too_many: true,
  failed: true,
};

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
      const outcomes = Array.from(expr.matchAll(/outcome=~?"([^"]*)"/g)).flatMap(([, each = '']) =>
        each.split('|'),
      );
      for (const outcome of outcomes) expect(OUTCOMES).toHaveProperty(outcome);
    },
  );

  it('asks for outcomes that the page of the token service names', () => {
    const tokens = read('token-service.md');
    expect(Object.keys(OUTCOMES).filter((outcome) => !tokens.includes(`\`${outcome}\``))).toEqual([]);
  });

  it('names flags and variables that the reference has', () => {
    const names = new Set(page.match(/(?:--[a-z][a-z-]+|(?:PORTCULLIS|FUSIONAUTH)_[A-Z_]+)/g));
    expect(names.size).toBeGreaterThan(8);
    const known = `${reference}${read('token-service.md')}`;
    expect([...names].filter((name) => !known.includes(name.replace(/_FILE$/, '')))).toEqual([]);
  });
});
