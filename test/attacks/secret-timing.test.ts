import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isSame, isSameSecret } from '../../src/issuer/same-secret.ts';

/**
 * The one test that looks at the clock. What is compared is so long that a comparison which ends at the first
 * difference is hundreds of times faster where that stands at the beginning; one in constant time differs by noise.
 * The bound is five times and more away from either.
 */
const BYTES = 1024 * 1024;
const ROUNDS = 41;
const MOST = 6;

type Ways = Readonly<Record<string, () => unknown>>;

/** How much slower the slowest way is than the fastest: medians over rounds in which each takes its turn. */
function spread(ways: Ways): number {
  const times = Object.values(ways).map((way) => ({ way, took: [] as number[] }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { way, took } of times) {
      const begun = performance.now();
      way();
      took.push(performance.now() - begun);
    }
    // Nobody is always the one after the same other.
    times.push(...times.splice(0, 1));
  }
  const medians = times.map(({ took }) => took.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN);
  return Math.max(...medians) / Math.min(...medians);
}

const stored = randomBytes(BYTES);
const changedAt = (place: number) => {
  const other = Buffer.from(stored);
  other[place] = (other[place] ?? 0) ^ 1;
  return other;
};
const guesses = {
  right: Buffer.from(stored),
  'wrong at the beginning': changedAt(0),
  'wrong in the middle': changedAt(BYTES / 2),
  'wrong at the end': changedAt(BYTES - 1),
};

/** Every guess as one way of a comparison. */
function waysOf(same: (a: Buffer, b: Buffer) => boolean): Ways {
  return Object.fromEntries(
    Object.entries(guesses).map(([name, guess]) => [name, () => same(guess, stored)]),
  );
}

function isSameByBytes(a: Buffer, b: Buffer): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

describe('how long the comparison of secrets takes', () => {
  it('tells nothing of where a guess is wrong', () => {
    expect(spread(waysOf(isSame))).toBeLessThan(MOST);
  });

  it('tells nothing of the secret that a guess is compared with', () => {
    const sent = 's'.repeat(BYTES);
    const digest = (text: string) => createHash('sha256').update(text).digest();
    const ways = {
      'the same': digest(sent),
      'one that begins like it': digest(`${sent.slice(0, -1)}t`),
      'one that is other from the beginning': digest(`t${sent.slice(1)}`),
      'a short one': digest('short'),
      'a long one': digest(sent + sent),
    };
    expect(
      spread(
        Object.fromEntries(
          Object.entries(ways).map(([name, sha256]) => [name, () => isSameSecret(sent, sha256)]),
        ),
      ),
    ).toBeLessThan(MOST);
  });

  it.each<readonly [string, (a: Buffer, b: Buffer) => boolean]>([
    ['byte by byte', isSameByBytes],
    ['as bytes', (a, b) => a.equals(b)],
  ])('would tell where it ends at the first difference: %s', (_how, same) => {
    expect(spread(waysOf(same))).toBeGreaterThan(5 * MOST);
  });
});

describe('secrets are compared in one place', () => {
  const folder = fileURLToPath(new URL('../../src/', import.meta.url));
  const sources = ['issuer', 'adapters/secrets', 'adapters/directory', 'cli', 'doors'].flatMap((room) =>
    readdirSync(`${folder}${room}`)
      .filter((name) => name.endsWith('.ts'))
      .map((name) => ({ name: `${room}/${name}`, text: readFileSync(`${folder}${room}/${name}`, 'utf8') })),
  );
  const having = (what: RegExp) => sources.filter(({ text }) => what.test(text)).map(({ name }) => name);

  it('which is the comparison that is measured here', () => {
    expect(having(/isSameSecret\(/)).toEqual(['issuer/judge-generate.ts', 'issuer/same-secret.ts']);
    expect(having(/\bisSame\(/)).toEqual(['issuer/same-secret.ts']);
  });

  it('and in no other way', () => {
    const secret = '(?:secret|sha256|secret_id)';
    const nothing = "(?:null|undefined|'\\w*')";
    expect(having(new RegExp(`\\b${secret}\\s*[!=]==\\s*(?!\\s|${nothing})`))).toEqual([]);
    expect(having(new RegExp(`[!=]==\\s*(?:\\w+\\.)*${secret}\\b(?![.(])`))).toEqual([]);
    expect(having(new RegExp(`${secret}\\b[^\\n]*\\.(?:equals|compare|startsWith)\\(`))).toEqual([]);
  });
});
