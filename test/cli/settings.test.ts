import { isAbsolute } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { stateFolder } from '../../src/cli/settings.ts';

afterEach(() => vi.unstubAllEnvs());

it('the state folder is not in the folder of the process where a client empties `HOME`', () => {
  vi.stubEnv('HOME', '');
  expect(isAbsolute(stateFolder({}))).toBe(true);
});
