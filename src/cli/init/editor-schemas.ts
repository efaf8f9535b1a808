import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** The schemas of a policy and of its tests, as seen from the files: relative to their folder, with `/`. */
export interface EditorSchemas {
  readonly policy: string;
  readonly tests: string;
  /** Whether they are in the package; else they are to be put beside the policy. */
  readonly installed: boolean;
}

const POLICY = 'policy.schema.json';
const TESTS = 'tests.schema.json';
const PACKAGE = join('node_modules', 'portcullis', 'dist');

/** Where editors find the schemas: in the nearest `node_modules` above the policy that has them, else beside it. */
export function editorSchemas(policy: string): EditorSchemas {
  const folder = dirname(resolve(policy));
  const found = foldersUp(folder)
    .map((each) => join(each, PACKAGE))
    .find((each) => existsSync(join(each, POLICY)) && existsSync(join(each, TESTS)));
  const from = `./${relative(folder, found ?? folder)
    .split(sep)
    .join('/')}`.replace(/^\.\/\.\./, '..');
  const base = from.replace(/\/?$/, '/');
  return { policy: `${base}${POLICY}`, tests: `${base}${TESTS}`, installed: found !== undefined };
}

/** The line by which the YAML language server knows a schema. */
export function schemaLine(schema: string): string {
  return `# yaml-language-server: $schema=${schema}\n`;
}

/** How the schemas get beside a policy. */
export function schemaCommands(policy: string): string {
  const beside = (name: string) => join(dirname(policy), name);
  return `portcullis schema > ${beside(POLICY)}; portcullis schema --tests > ${beside(TESTS)}`;
}

function foldersUp(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...foldersUp(parent)];
}
