import { describe, it } from 'vitest';
import { properties } from './fuzz/properties.ts';

/** A fixed seed, so that a failure is the change's; `npm run fuzz` tries others. */
const SEED = 20260101;

describe('whatever is generated', () => {
  it.each(properties.map((property) => [property.sentence, property] as const))(
    '%s',
    async (_sentence, { check }) => {
      await check({ seed: SEED, numRuns: 150 });
    },
  );
});
