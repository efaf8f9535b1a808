import { describe, expect, it } from 'vitest';
import { fixture, fixtures, problemsOf } from './support.ts';

describe('a policy that may be used', () => {
  for (const name of fixtures('ok')) {
    it(`${name} has the warnings of its .txt and no others`, () => {
      expect(problemsOf(fixture('ok', `${name}.yaml`), toolsFor(name))).toEqual(expected('ok', name));
    });
  }
});

describe('a policy that is refused', () => {
  for (const name of fixtures('bad')) {
    it(`${name} shows every problem of its .txt at once, in reading order`, () => {
      const problems = problemsOf(fixture('bad', `${name}.yaml`), toolsFor(name));
      expect(problems).toEqual(expected('bad', name));
      expect(problems.some((problem) => problem.includes(' error '))).toBe(true);
    });
  }
});

function toolsFor(name: string) {
  return name.startsWith('any-') ? 'any' : 'known';
}

function expected(folder: 'ok' | 'bad', name: string): readonly string[] {
  return fixture(folder, `${name}.txt`)
    .split('\n')
    .filter((line) => line !== '');
}
