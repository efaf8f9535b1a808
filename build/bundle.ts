import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { notices } from './notices.ts';
import { settings } from './settings.ts';

/** Makes `dist/` anew: the program, the licences of what is bundled in it, and the files that it reads. */
rmSync('dist', { recursive: true, force: true });
const { metafile } = await build({ ...settings, entryPoints: ['src/cli/main.ts'], outdir: 'dist/cli' });
writeFileSync('dist/THIRD-PARTY-NOTICES.txt', notices(Object.keys(metafile.inputs)));
cpSync('src/adapters/directory/migrations', 'dist/cli/migrations', { recursive: true });
