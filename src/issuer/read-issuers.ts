import type { TrustedIssuer } from '../model/tokens.ts';
import { type Fields, readFields, readList, readText } from '../policy/fields.ts';
import { clip, type Located, type Report } from '../policy/located.ts';
import type { DirectoryCode } from './directory-problems.ts';

const KEYS = ['issuer', 'audience', 'jwks_uri'];
/** As `adapters/identity` has it, which this room does not see; a test holds the two together. */
const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/;

/** The issuers that a tenant trusts to say who its users are. */
export function readIssuers(node: Located, report: Report<DirectoryCode>): readonly TrustedIssuer[] {
  const items = readList(node, '`issuers`', 'may be empty', report) ?? [];
  const seen = new Set<string>();
  return items.flatMap((item) => {
    const trusted = readIssuer(item, report);
    if (trusted === null) return [];
    if (seen.has(trusted.issuer)) {
      report.error(
        item.at,
        'duplicate_issuer',
        `\`${clip(trusted.issuer)}\` is there twice; expected it once`,
      );
    }
    seen.add(trusted.issuer);
    return [trusted];
  });
}

function readIssuer(node: Located, report: Report<DirectoryCode>): TrustedIssuer | null {
  const fields = readFields(node, 'an issuer', KEYS, report);
  if (fields === null) return null;
  for (const key of ['issuer', 'audience']) {
    if (!fields.has(key)) report.error(fields.at, 'missing_key', `expected \`${key}\` in an issuer`);
  }
  const issuer = textAt(fields, 'issuer', report);
  const jwksUri = textAt(fields, 'jwks_uri', report);
  if (jwksUri !== null) checkUrl(jwksUri, fields.get('jwks_uri'), report);
  else if (issuer !== null && !fields.has('jwks_uri')) checkUrl(issuer, fields.get('issuer'), report);
  const audience = fields.get('audience');
  const audiences = audience === undefined ? [] : readAudiences(audience, report);
  return issuer === null ? null : { issuer, audiences, jwksUri };
}

function textAt(fields: Fields, key: string, report: Report<DirectoryCode>): string | null {
  const node = fields.get(key);
  return node === undefined ? null : readText(node, `\`${key}\``, report);
}

function readAudiences(node: Located, report: Report<DirectoryCode>): readonly string[] {
  if (node.kind === 'scalar') return [readText(node, '`audience`', report)].filter((text) => text !== null);
  const items = readList(node, '`audience`', 'not empty', report) ?? [];
  return items.flatMap((item) => readText(item, 'an audience', report) ?? []);
}

/** Keys that come over plain HTTP from elsewhere are anybody's. */
function checkUrl(text: string, node: Located | undefined, report: Report<DirectoryCode>): void {
  if (node === undefined) return;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (isSafe && url.username === '' && url.password === '' && url.hash === '') return;
  const message = 'expected an https URL without user and fragment, or an http one on loopback';
  const hint = '; an issuer that is no such URL needs `jwks_uri`';
  report.error(node.at, 'url', node.kind === 'scalar' && text === node.value ? message + hint : message);
}
