import { beforeAll, describe, expect, it } from 'vitest';
import { type DoorName, loadThemes } from '../bypass/attack.ts';
import { openOwn } from '../bypass/own-proxy.ts';
import { type Result, tryTheme } from '../bypass/suite.ts';

const doors: readonly DoorName[] = ['stdio', 'http', 'rest'];
const themes = loadThemes();

describe.each(themes)('attacks: $theme', (theme) => {
  let results: readonly Result[] = [];
  beforeAll(async () => {
    results = await tryTheme(theme, { doors, open: openOwn, port: 0 });
  }, 120_000);

  it.each(theme.attacks.map((attack) => [attack.id, attack.title] as const))(
    '%i %s: nothing gets past the policy, on any door',
    (id) => {
      const tries = results.filter(({ attack }) => attack.id === id);
      expect(tries.length).toBeGreaterThan(0);
      expect(tries.flatMap(({ door, trespasses }) => trespasses.map((one) => `${door}: ${one}`))).toEqual([]);
      expect(tries.flatMap(({ door, surprises }) => surprises.map((one) => `${door}: ${one}`))).toEqual([]);
    },
  );
});

describe('a proxy that lets everything through', () => {
  const rows = [8, 11, 20, 25, 40, 102, 121, 126, 161].map(
    (id) => [id, themes.find(({ attacks }) => attacks.some((attack) => attack.id === id))] as const,
  );

  it.each(rows)('is found out by attack %i', async (id, theme) => {
    if (theme === undefined) throw new Error(`there is no attack ${id}`);
    const only = {
      ...theme,
      policy: 'default: allow\n',
      attacks: theme.attacks.filter((one) => one.id === id),
    };
    const results = await tryTheme(only, { doors, open: openOwn, port: 0 });
    expect(results.flatMap(({ trespasses }) => trespasses)).not.toEqual([]);
  });
});
