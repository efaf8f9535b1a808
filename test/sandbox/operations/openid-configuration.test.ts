import type { OpenIdConfiguration } from '@fusionauth/typescript-client';
import { quickSeed, type Row, testRows, twoTenantSeed } from '../support.ts';

const members: readonly (keyof OpenIdConfiguration)[] = [
  'authorization_endpoint',
  'backchannel_logout_supported',
  'claims_supported',
  'device_authorization_endpoint',
  'end_session_endpoint',
  'frontchannel_logout_supported',
  'grant_types_supported',
  'id_token_signing_alg_values_supported',
  'issuer',
  'jwks_uri',
  'response_modes_supported',
  'response_types_supported',
  'scopes_supported',
  'subject_types_supported',
  'token_endpoint',
  'token_endpoint_auth_methods_supported',
  'userinfo_endpoint',
];

const rows: readonly Row[] = [
  [
    'the vendor’s client reads the discovery document, without a key',
    async (bench) => {
      const { response } = await bench.client('').retrieveOpenIdConfiguration();
      return [
        Object.keys(response).toSorted(),
        response.issuer,
        response.jwks_uri === `${bench.sandbox.url}/.well-known/jwks.json`,
      ];
    },
    [members, 'acme.com', true],
  ],
  [
    'every endpoint is on the server that was asked',
    async (bench) => {
      const { response } = await bench.client('').retrieveOpenIdConfiguration();
      const urls = Object.entries(response).filter(([name]) => /_(?:endpoint|uri)$/.test(name));
      return new Set(urls.map(([, url]) => new URL(String(url)).origin === bench.sandbox.url));
    },
    new Set([true]),
  ],
];
testRows(rows, { seed: quickSeed });

const tenants = twoTenantSeed.tenants.map(({ id, issuer = 'acme.com' }) => ({ id, issuer }));
testRows(
  [
    [
      'of several tenants it is the default one’s, and another’s by the header',
      async (bench) => {
        const issuerFor = async (headers: { readonly [name: string]: string }) => {
          const { body } = await bench.send('GET', '/.well-known/openid-configuration', { headers });
          return (body as { readonly issuer?: string }).issuer;
        };
        const byHeader = tenants.map(({ id }) => issuerFor({ 'X-FusionAuth-TenantId': id }));
        return [await issuerFor({}), ...(await Promise.all(byHeader))];
      },
      [tenants[0]?.issuer, ...tenants.map(({ issuer }) => issuer)],
    ],
  ],
  { seed: twoTenantSeed },
);
