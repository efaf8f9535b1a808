import { isLoopbackHost } from '../adapters/identity/addresses.ts';
import { looksSecret } from '../policy/secrets.ts';

/** Host, port and path; a lone word is none, for it may be a password. */
const BARE =
  /^(?=[^/]*[.:]|localhost)(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]*)(?::[0-9]{1,5})?(?:\/[A-Za-z0-9._/-]*)?$/;
const SCHEME = /^([a-z][a-z0-9+.-]{0,20}):\/\//i;

/** What somebody may have meant, or what was found, where a text is no URL as it was expected; of the text itself only a scheme, a host and a path are told. */
export function urlHint(text: string, scheme: 'http' | 'redis'): string {
  const [, found] = SCHEME.exec(text) ?? [];
  if (found !== undefined) return `; found one that begins with \`${found.toLowerCase()}://\``;
  const [, host] = BARE.exec(text) ?? [];
  if (host === undefined || looksSecret(text)) return '';
  const isFar = scheme === 'http' && !isLoopbackHost(host.toLowerCase());
  return `; did you mean \`${isFar ? 'https' : scheme}://${text}\`?`;
}
