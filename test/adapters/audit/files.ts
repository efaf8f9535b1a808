import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { type Verified, verifyAudit } from '../../../src/adapters/audit/verify.ts';
import type { AuditRecord } from '../../../src/model/index.ts';

export const ZEROS = '0'.repeat(64);

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder that is gone after the test. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'portcullis-audit-'));
  folders.push(made);
  return made;
}

export function record(id: string | number, note = 'é "quoted"\n'): AuditRecord {
  return {
    id: String(id),
    at: '2026-01-01T00:00:00.000Z',
    tool: 'fusionauth-vendjwtwithid',
    operation: 'vendJWTWithId',
    transport: 'stdio',
    caller: { sub: 'u', client_id: null, tenant: null, session: 'fp:00' },
    verdict: 'allow',
    code: 'allowed',
    rule: null,
    policy: 'digest',
    mode: 'enforce',
    would: null,
    args: { body: { claims: {} } },
    upstream: null,
    ms: 1,
    note,
  };
}

export const linesOf = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);
export const idsOf = (file: string): string[] => linesOf(file).map((line) => JSON.parse(line).id);
export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

export function verify(...lines: string[]): Promise<Verified> {
  return verifyAudit(
    (async function* () {
      yield* lines;
    })(),
  );
}

export const verifyFiles = (...files: string[]): Promise<Verified> => verify(...files.flatMap(linesOf));

/** The audit as plain JavaScript, for processes of their own. Answers the path of `jsonl.js`. */
export function compiled(): string {
  const out = folder();
  chmodSync(out, 0o755);
  const options =
    '--ignoreConfig --rootDir src --module nodenext --target es2023 --types node --skipLibCheck';
  execFileSync(process.execPath, [
    'node_modules/typescript/bin/tsc',
    'src/adapters/audit/jsonl.ts',
    ...options.split(' '),
    '--rewriteRelativeImportExtensions',
    '--outDir',
    out,
  ]);
  writeFileSync(join(out, 'package.json'), '{"type":"module"}');
  return join(out, 'adapters/audit/jsonl.js');
}
