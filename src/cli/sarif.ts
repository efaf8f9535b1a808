import type { Problem } from '../model/index.ts';
import { PROBLEMS } from '../policy/problem-codes.ts';
import { printable } from './excerpt.ts';

/** A problem and the file that it is in, as a relative reference. */
export interface Found {
  readonly uri: string;
  readonly problem: Problem;
}

const codes = Object.entries(PROBLEMS);
const indexes = new Map(codes.map(([code], i) => [code, i]));

/** The problems of a run as a SARIF 2.1.0 log, by which code hosts annotate the lines of a file. */
export function sarif(found: readonly Found[], version: string): object {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'portcullis', version, rules: codes.map(toRule) } },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { '%SRCROOT%': { description: { text: 'The folder of the run.' } } },
        results: found.map(toResult),
      },
    ],
  };
}

function toRule([code, { about, severity }]: (typeof codes)[number]): object {
  return {
    id: code,
    shortDescription: { text: about },

    defaultConfiguration: { level: severity },
  };
}

function toResult({ uri, problem: { at, code, message, severity } }: Found): object {
  return {
    ruleId: code,
    ruleIndex: indexes.get(code) ?? -1,
    level: severity,
    message: { text: printable(message) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri, uriBaseId: '%SRCROOT%' },
          region: { startLine: at.line, startColumn: at.column },
        },
      },
    ],
  };
}
