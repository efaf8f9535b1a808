import type { BuildOptions } from 'esbuild';

/**
 * How the program is bundled: a start reads a few files in place of hundreds. What a command loads only when it is
 * asked for (a store, a database, prompts) stays in `node_modules` as it was installed.
 *
 * Every file stands in one folder as deep as `src/cli`, because paths from `import.meta.url` must hold in both.
 */
export const settings = {
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['undici', 'ioredis', 'jose', 'pg', 'libsql', 'fast-check', '@clack/prompts'],
  // Packages of CommonJS that are bundled ask for Node's own modules by `require`.
  banner: {
    js: "import { createRequire as nodeRequire } from 'node:module';\nconst require = nodeRequire(import.meta.url);",
  },
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
} as const satisfies BuildOptions;
