import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/model/index.ts';
import { type Circumstances, inWords, openBench, type Tools } from './support.ts';

/** A call and how it must end, in the words of `inWords`. */
export type Expected = readonly [
  tool: string,
  args: JsonObject,
  ending: string,
  circumstances?: Circumstances,
];

/** A sentence of the document, a policy, and the calls that show it, one after the other on the same counters. */
export interface Row {
  readonly sentence: string;
  readonly policy: string;
  readonly calls: readonly Expected[];
  readonly tools?: Tools;
}

/** One test a row. */
export function decisions(about: string, rows: readonly Row[]): void {
  describe(about, () => {
    for (const { sentence, policy, calls, tools } of rows) {
      it(sentence, async () => {
        const bench = openBench(policy, tools);
        const endings: string[] = [];
        for (const [tool, args, , circumstances] of calls) {
          endings.push(inWords(await bench.call(tool, args, circumstances)));
        }
        expect(endings).toEqual(calls.map(([, , ending]) => ending));
      });
    }
  });
}

/** Ids and the least arguments of the tools that the tables call most. */
export const ID = '00000000-0000-0001-0000-000000000000';
export const OTHER = '00000000-0000-0002-0000-000000000000';
export const ONE = { tokenId: ID };
export const VALIDATE = { encodedJWT: 'x.y.z' };

/** Rules under one key. */
export const under = (key: string, rules: string, rest = ''): string =>
  `${rest}\ntools: { "${key}": { rules: [${rules}] } }`;
