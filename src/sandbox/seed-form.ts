import { algorithmNames } from './keys.ts';

/** What a value of a seed must be. */
export type Form =
  | { readonly is: 'text' | 'uuid' | 'flag' }
  | { readonly is: 'whole'; readonly from: number }
  | { readonly is: 'one of'; readonly words: readonly string[] }
  | { readonly is: 'list'; readonly of: Form; readonly from: number }
  | { readonly is: 'map'; readonly keys: 'ids' | 'texts'; readonly of: Form }
  | { readonly is: 'record'; readonly members: Members; readonly required: readonly string[] };
type Members = { readonly [name: string]: Form };

const text: Form = { is: 'text' };
const uuid: Form = { is: 'uuid' };
const flag: Form = { is: 'flag' };
const natural: Form = { is: 'whole', from: 0 };
const positive: Form = { is: 'whole', from: 1 };
const algorithm = oneOf(...algorithmNames);

const jwtConfiguration = {
  accessTokenKeyId: uuid,
  timeToLiveInSeconds: positive,
  refreshTokenTimeToLiveInMinutes: positive,
  refreshTokenExpirationPolicy: oneOf('Fixed', 'SlidingWindow', 'SlidingWindowWithMaximumLifetime'),
  refreshTokenUsagePolicy: oneOf('Reusable', 'OneTimeUse'),
  refreshTokenOneTimeUseConfiguration: record({ gracePeriodInSeconds: natural }),
  refreshTokenRevocationPolicy: record({ onOneTimeTokenReuse: flag }),
  refreshTokenSlidingWindowConfiguration: record({ maximumTimeToLiveInMinutes: positive }),
};
const tenant = record(
  {
    id: uuid,
    name: text,
    issuer: text,
    httpSessionMaxInactiveInterval: positive,
    jwtConfiguration: record(jwtConfiguration, 'accessTokenKeyId'),
  },
  'id',
  'name',
  'jwtConfiguration',
);
const key = record({ id: uuid, name: text, algorithm, kid: text, secret: text }, 'id', 'name', 'algorithm');
const application = record(
  {
    id: uuid,
    tenantId: uuid,
    name: text,
    roles: list(record({ name: text, isDefault: flag }, 'name')),
    loginConfiguration: record({ allowTokenRefresh: flag, generateRefreshTokens: flag }),
    jwtConfiguration: record({ enabled: flag, ...jwtConfiguration }),
  },
  'id',
  'name',
);
const refreshToken = record({
  id: uuid,
  applicationId: uuid,
  token: text,
  insertInstant: natural,
  startInstant: natural,
  resources: list(text),
});
const user = record(
  {
    id: uuid,
    tenantId: uuid,
    email: text,
    username: text,
    verified: flag,
    registrations: list(record({ applicationId: uuid, roles: list(text) }, 'applicationId')),
    refreshTokens: list(refreshToken),
  },
  'id',
);
const identityProvider = record(
  {
    id: uuid,
    name: text,
    type: oneOf('ExternalJWT'),
    algorithm,
    uniqueIdentityClaim: text,
    domains: list(text),
    applicationConfiguration: { is: 'map', keys: 'ids', of: record({ createRegistration: flag }) },
  },
  'id',
  'name',
  'type',
  'applicationConfiguration',
);
const methods = list(oneOf('GET', 'POST', 'PUT', 'PATCH', 'DELETE'));
const apiKey = record({
  key: text,
  tenantId: uuid,
  expirationInstant: natural,
  permissions: record({ endpoints: { is: 'map', keys: 'texts', of: methods } }),
});
/** A whole seed file. */
export const seedForm = record(
  {
    tenants: { is: 'list', of: tenant, from: 1 },
    keys: { is: 'list', of: key, from: 1 },
    applications: list(application),
    users: list(user),
    identityProviders: list(identityProvider),
    apiKeys: list(apiKey),
    assumptions: record({
      emptyTokenList: oneOf('array', 'absent'),
      vendWithoutTenant: oneOf('default', 'refused'),
    }),
  },
  'tenants',
  'keys',
);

function oneOf(...of: readonly string[]): Form {
  return { is: 'one of', words: of };
}

function list(of: Form): Form {
  return { is: 'list', of, from: 0 };
}

function record(members: Members, ...required: readonly string[]): Form {
  return { is: 'record', members, required };
}
