import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Problem } from '../model/index.ts';
import type { CaseFile } from '../policy/cases.ts';
import type { PreparedPolicy } from '../policy/prepare.ts';
import type { CaseWords } from '../policy/read-call.ts';
import { Report } from '../policy/located.ts';
import { readYaml } from '../policy/parse.ts';
import { FILE_KEYS, parseCases } from '../policy/read-cases.ts';
import { POLICY_KEYS } from '../policy/read-policy.ts';
import { readIdentity, readTime } from './call-line.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { loadPolicy, NOT_UTF8, problemText, TEST_FILE, type Tools, toolsOf } from './load-policy.ts';
import { reasonOf } from './reasons.ts';

/** A test file that can be run, with the policy that it tests. */
export interface TestFile {
  readonly file: string;
  readonly cases: CaseFile['cases'];
  readonly policy: TestedPolicy;
}

/** A policy, once for all files that test it. */
export interface TestedPolicy {
  readonly file: string;
  readonly prepared: PreparedPolicy;
}

/** All test files, or every reason why none is run, as lines; what cannot be read outweighs what is wrong. */
export type LoadedTests =
  | { readonly ok: true; readonly files: readonly TestFile[] }
  | { readonly ok: false; readonly lines: readonly string[]; readonly code: ExitCode };

/** A test file is at most as large as a policy. */
const MAX_FILE_BYTES = 2 * 1024 * 1024;
const OUT_OF_SIGHT = /(?:^|[\\/])(?:node_modules|\.[^\\/]*)[\\/]/;

/** Finds and reads the test files of some paths: files by themselves, folders for their `*.test.yaml`, at any depth. */
export function loadTests(paths: readonly string[], tools: Tools): LoadedTests {
  const loading = new Loading(tools);
  for (const path of paths)
    loading.guard(() => testsOf(path).forEach((file) => void loading.found.add(file)));
  for (const file of loading.found) loading.guard(() => loading.load(file));
  const { files, unread, problems } = loading;
  if (unread.size + problems.size === 0) return { ok: true, files };
  return { ok: false, lines: [...unread, ...problems], code: unread.size > 0 ? exit.usage : exit.policy };
}

function testsOf(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const found = readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => TEST_FILE.test(name) && !OUT_OF_SIGHT.test(name))
      .map((name) => join(path, name))
      .filter((file) => statSync(file).isFile());
    if (found.length > 0) return found.toSorted();
  } catch (error) {
    throw new CommandError(`cannot read \`${path}\`: ${reasonOf(error)}`, exit.usage);
  }
  throw new CommandError(`expected \`*.test.yaml\` files in the folder \`${path}\``, exit.usage);
}

/** Whether a file tests a policy rather than being one. */
export function isTestFile(file: string): boolean {
  return TEST_FILE.test(file);
}

/** A test file by itself: its text, and what is wrong with it. Throws a `CommandError` where it cannot be read. */
export function checkTestFile(
  file: string,
  tools: Tools,
): { readonly source: string; readonly problems: readonly Problem[] } {
  const source = readTestFile(file);
  if (source === null) return { source: '', problems: [NOT_UTF8] };
  const parsed = parseCases(source, wordsFor(tools));
  return { source, problems: parsed.ok ? [] : parsed.problems };
}

function wordsFor(tools: Tools): CaseWords {
  return { tools: toolsOf(tools), identity: readIdentity, time: readTime };
}

/** The loading of test files, which goes on after a file that is wrong. */
class Loading {
  readonly found = new Set<string>();
  readonly files: TestFile[] = [];
  readonly unread = new Set<string>();
  readonly problems = new Set<string>();
  private readonly known = new Set<string>();
  private readonly policies = new Map<string, TestedPolicy | null>();
  private readonly tools: Tools;
  private readonly words: CaseWords;

  constructor(tools: Tools) {
    this.tools = tools;
    this.words = wordsFor(tools);
  }

  /** Collects what is said of a file that cannot be read. */
  guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.unread.add(`portcullis: ${error.message}`);
    }
  }

  load(file: string): void {
    if (this.known.has(resolve(file))) return;
    this.known.add(resolve(file));
    const text = readTestFile(file);
    if (text === null) {
      this.problems.add(problemText(file, NOT_UTF8, ''));
      return;
    }
    const parsed = parseCases(text, this.words);
    if (!parsed.ok) {
      if (isPolicy(text)) throw new CommandError(notATest(file), exit.usage);
      for (const problem of parsed.problems) this.problems.add(problemText(file, problem, text));
      if (parsed.policy !== null) this.policyAt(join(dirname(file), parsed.policy));
      return;
    }
    const policy = this.policyAt(join(dirname(file), parsed.file.policy));
    if (policy !== null) this.files.push({ file, cases: parsed.file.cases, policy });
  }

  /** A policy is loaded, and its errors are told, once. */
  private policyAt(file: string): TestedPolicy | null {
    const path = resolve(file);
    const known = this.policies.get(path);
    if (known !== undefined) return known;
    const loaded = loadPolicy(file, this.tools);
    for (const problem of loaded.problems) {
      if (problem.severity === 'error') this.problems.add(problemText(file, problem, loaded.source));
    }
    const policy = loaded.ok ? { file, prepared: loaded.prepared } : null;
    this.policies.set(path, policy);
    return policy;
  }
}

/** Whether a text is a policy that somebody took for its tests: the keys of the two have nothing in common. */
function isPolicy(text: string): boolean {
  const root = readYaml(text, new Report());
  if (root?.kind !== 'map') return false;
  const keys = new Set(root.entries.map(({ key }) => key));
  return POLICY_KEYS.some((key) => keys.has(key)) && FILE_KEYS.every((key) => !keys.has(key));
}

function notATest(file: string): string {
  const tests = file.replace(/(?:\.ya?ml)?$/, '.test.yaml');
  const there = existsSync(tests) ? `its tests are \`${tests}\`` : `there is no \`${tests}\` beside it`;
  return `expected a test file; \`${file}\` is a policy, and ${there}`;
}

/** The text of a test file; null where it is not UTF-8. */
function readTestFile(file: string): string | null {
  let bytes: Uint8Array;
  try {
    bytes = statSync(file).size > MAX_FILE_BYTES ? new Uint8Array(MAX_FILE_BYTES) : readFileSync(file);
  } catch (error) {
    throw new CommandError(`cannot read \`${file}\`: ${reasonOf(error)}`, exit.usage);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
