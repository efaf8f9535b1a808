import type { RateLimit } from '../../model/index.ts';
import { readFields, readInteger } from '../fields.ts';
import { describe, type Located } from '../located.ts';
import { CALENDAR_MS } from '../windows.ts';
import type { Findings } from './findings.ts';

const MAX_COUNT = 1_000_000_000;
const MAX_SECONDS = 366 * 86_400;

/** `N/minute|hour|day`, counted for everybody together, or the catalogue's `{ max, window }`, counted per session. */
export function readSourceRate(node: Located, findings: Findings): RateLimit | null {
  findings.tellOfFailedCalls(node.at);
  return node.kind === 'scalar' ? readShort(node, findings) : readMap(node, findings);
}

function readShort(node: Located, findings: Findings): RateLimit | null {
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : '';
  const [, count = '', word = ''] = /^\+?0*([1-9][0-9]*)\/(minute|hour|day)$/.exec(text) ?? [];
  const ms = CALENDAR_MS[word];
  if (ms === undefined) {
    const expected = '`N/minute`, `N/hour` or `N/day`, or `{ max, window }`';
    findings.report.error(node.at, 'bad_limit', `expected ${expected}; found ${describe(node)}`);
    return null;
  }
  const said = 'Intercept counts everybody’s calls together; kept as `per: everyone`';
  findings.add('same', node.at, 'per_everyone', `${said}. Without it, a limit counts per session here`);
  if (Number(count) > MAX_COUNT)
    findings.add('differs', node.at, 'max', `a limit is at most ${MAX_COUNT} here, which is written`);
  return { max: Math.min(Number(count), MAX_COUNT), window: { kind: 'calendar', ms }, per: 'everyone' };
}

function readMap(node: Located, findings: Findings): RateLimit | null {
  const { report } = findings;
  const fields = readFields(node, '`rate_limit`', ['max', 'window'], report);
  if (fields === null) return null;
  for (const key of ['max', 'window']) {
    if (!fields.has(key)) report.error(fields.at, 'missing_key', `expected \`${key}\` in \`rate_limit\``);
  }
  const [max, window] = [fields.get('max'), fields.get('window')];
  if (max === undefined || window === undefined) return null;
  const most = readInteger(max, { what: '`max`', min: 1, max: MAX_COUNT }, report);
  const seconds = readInteger(window, { what: '`window`, in seconds', min: 1, max: MAX_SECONDS }, report);
  findings.once(
    'differs',
    node.at,
    'slides',
    'a window in seconds slides here: in no interval of that length are more than `max` admitted',
  );
  findings.once(
    'differs',
    node.at,
    'ceiling',
    'counted per session, as in the catalogue; here all sessions of one identity together have at most ten times as much',
  );
  return most === null || seconds === null
    ? null
    : { max: most, window: { kind: 'sliding', ms: seconds * 1000 }, per: 'session' };
}
