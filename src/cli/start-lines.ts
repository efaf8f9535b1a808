import type { HttpDoor } from '../doors/http.ts';
import type { Policy } from '../model/index.ts';
import { identityNeeds } from '../policy/identity-needs.ts';
import type { ServeConfig } from './config.ts';
import type { PolicySource } from './policy-source.ts';
import type { FusionAuth } from './wire.ts';

/** What a proxy that has opened its doors tells of. */
interface Started {
  readonly config: ServeConfig;
  readonly policy: PolicySource;
  readonly fusionAuth: FusionAuth;
  /** Of the directory of the token service. */
  readonly directoryWarnings: readonly string[];
}

/** What is enforced, where, against what, on whom, and every warning. */
export function startLines(started: Started, open: readonly HttpDoor[]): readonly string[] {
  const { config, fusionAuth } = started;
  const { policy, digest } = started.policy.current();
  const doors = [...open.map(({ url }) => url), ...(config.stdio ? ['stdio'] : [])].join(' and ');
  const limits = config.redisUrl === null ? 'memory' : 'Redis';
  const upstream = config.sandbox ? `the sandbox at ${fusionAuth.url}` : fusionAuth.url;
  const tokens =
    config.tokens === null || open.length === 0
      ? ''
      : `; HTTP callers bring tokens of ${config.tokens.issuers.map(({ iss }) => iss).join(' or ')}`;
  const issuing =
    config.issuer === null
      ? ''
      : `; tokens are issued by ${config.issuer.issuer} from ${config.issuer.directory}`;
  // They say themselves that they are warnings, behind their places.
  const problems = [...started.policy.warnings(), ...started.directoryWarnings];
  return [
    `portcullis: ${policy.mode === 'observe' ? 'OBSERVING' : 'enforcing'} ${config.policy} (${digest.slice(0, 19)}) on ${doors}; limits in ${limits}; FusionAuth is ${upstream}${tokens}${issuing}`,
    ...problems.map((line) => `portcullis: ${line}`),
    ...warningsOf(started, open).map((warning) => `portcullis: warning: ${warning}`),
  ];
}

function warningsOf({ config, policy, fusionAuth }: Started, open: readonly HttpDoor[]): readonly string[] {
  const isAnonymous = open.length > 0 && config.tokens === null;
  return [
    ...unmetNeeds(policy.current().policy, { isAnonymous, isLocal: config.stdio && !config.tokens?.token }),
    ...(config.redisUrl === null
      ? ['limits are kept in memory: they end with this process and are not shared']
      : []),
    ...(fusionAuth.apiKey === null
      ? ['no FUSIONAUTH_API_KEY: tools that need the API key answer an error']
      : []),
    ...(fusionAuth.apiKey?.startsWith('${') === true
      ? ['FUSIONAUTH_API_KEY is a variable that nobody filled in']
      : []),
    ...(config.audit.to === 'off' ? ['the audit is off: nothing is recorded'] : []),
    ...(isAnonymous ? ['HTTP callers are not identified: they share their limits per identity'] : []),
    ...(config.secret !== null && config.secret.length < 16
      ? ['PORTCULLIS_SECRET is shorter than 16 bytes; `openssl rand -base64 32` makes one']
      : []),
    ...(config.secret === null && config.redisUrl !== null
      ? ['no PORTCULLIS_SECRET: sessions and fingerprints are not shared with other proxies']
      : []),
  ];
}

/** What the policy asks of callers, and those that come without a token do not have. */
function unmetNeeds(
  policy: Policy,
  { isAnonymous, isLocal }: { readonly isAnonymous: boolean; readonly isLocal: boolean },
): readonly string[] {
  const needs = identityNeeds(policy);
  const lacking = (who: string, has: readonly string[]) => {
    const unmet = needs.filter((need) => need !== 'per: tenant' && !has.includes(need));
    return [
      ...(unmet.length === 0
        ? []
        : [`the policy asks for ${unmet.join(', ')}, which ${who} not have: that counts against them`]),
      ...(needs.includes('per: tenant')
        ? [`the policy limits per tenant, which ${who} not have: they share one counter`]
        : []),
    ];
  };
  return [
    ...(isAnonymous ? lacking('HTTP callers without tokens do', ['identity.anonymous']) : []),
    ...(isLocal
      ? lacking('the local user over stdio does', ['identity.sub', 'identity.issuer', 'identity.anonymous'])
      : []),
  ];
}
