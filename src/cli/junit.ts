import { inkFor } from './ink.ts';
import type { CaseRun, FileRun, TestRun } from './run-cases.ts';
import { failureLines, tally } from './test-report.ts';

/**
 * The run as JUnit XML: a suite a file, a test case a case.
 *
 * @param shortfalls policies that were not covered enough, in words; they fail in a suite of their own.
 */
export function junitXml(run: TestRun, shortfalls: readonly string[]): string {
  const { passed, failed } = tally(run);
  const counts = { tests: passed + failed + shortfalls.length, failures: failed + shortfalls.length };
  const suites = run.files.map(suite);
  const body = [...suites, ...(shortfalls.length === 0 ? [] : [coverageSuite(shortfalls)])].join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', { name: 'portcullis', ...counts }, body)}`;
}

function suite({ file, cases }: FileRun): string {
  const failures = cases.filter(({ passed }) => !passed).length;
  const counts = { name: file, tests: cases.length, failures };
  return element('testsuite', counts, cases.map((each) => testCase(file, each)).join(''));
}

function testCase(file: string, run: CaseRun): string {
  return element(
    'testcase',
    { classname: file, name: run.name, file, line: run.line },
    run.passed ? '' : failure(run),
  );
}

function failure(run: CaseRun): string {
  const which = run.given === null ? '' : `${run.given}: `;
  const message = run.differing
    .map(
      (each) =>
        `expected ${each} ${run.expected[each] ?? 'nothing'}, actual ${run.actual[each] ?? 'nothing'}`,
    )
    .join('; ');
  const text = failureLines(run, inkFor(false)).join('\n');
  return element('failure', { type: 'unexpected', message: `${which}${message}` }, escaped(text));
}

function coverageSuite(shortfalls: readonly string[]): string {
  const counts = { name: 'coverage', tests: shortfalls.length, failures: shortfalls.length };
  const cases = shortfalls.map((message) =>
    element(
      'testcase',
      { classname: 'coverage', name: message },
      element('failure', { type: 'coverage', message }, ''),
    ),
  );
  return element('testsuite', counts, cases.join(''));
}

function element(name: string, attributes: Readonly<Record<string, string | number>>, body: string): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  return body === '' ? `<${name}${written.join('')}/>\n` : `<${name}${written.join('')}>${body}</${name}>\n`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

/** Text for XML 1.0; characters that it cannot hold become U+FFFD. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll(/[&<>"\n\r\t]/g, (character) => ENTITIES[character] ?? character);
}
