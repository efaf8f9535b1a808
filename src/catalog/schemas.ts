import type { JsonObject } from '../model/index.ts';

/** A credential is never empty, and nothing that FusionAuth makes comes near this length. */
const MAX_CREDENTIAL_LENGTH = 16_384;
/** FusionAuth keeps lifetimes in a Java `int`. */
const MAX_INT = 2_147_483_647;

type Properties = Readonly<Record<string, JsonObject>>;

/** An object that has these members and no others. */
export function closed(
  description: string,
  properties: Properties,
  required: readonly string[] = [],
): JsonObject {
  return { type: 'object', description, properties, ...withRequired(required), additionalProperties: false };
}

/** The arguments of a tool: a closed object without words of its own, since the tool has a description. */
export function args(properties: Properties, required: readonly string[] = []): JsonObject {
  return { type: 'object', properties, ...withRequired(required), additionalProperties: false };
}

/** An object of which only some members are known. */
export function open(
  description: string,
  properties: Properties = {},
  required: readonly string[] = [],
): JsonObject {
  return { type: 'object', description, properties, ...withRequired(required), additionalProperties: true };
}

function withRequired(required: readonly string[]): JsonObject {
  return required.length > 0 ? { required } : {};
}

/** Any text, also none. */
export function text(description: string): JsonObject {
  return { type: 'string', description };
}

/** A name that may not be empty. */
export function name(description: string): JsonObject {
  return { type: 'string', minLength: 1, maxLength: 1024, description };
}

/** An id of FusionAuth. */
export function uuid(description: string): JsonObject {
  return { type: 'string', format: 'uuid', description };
}

/** A refresh token or a JWT that travels in a body or a query. */
export function credential(description: string): JsonObject {
  return { type: 'string', minLength: 1, maxLength: MAX_CREDENTIAL_LENGTH, description };
}

/** A JWT that travels in a header: printable ASCII without a space at either end (RFC 9110, section 5.5). */
export function headerJwt(description: string): JsonObject {
  return { ...credential(description), pattern: '^[!-~]([ -~]*[!-~])?$' };
}

/** A lifetime in whole seconds. */
export function seconds(description: string, minimum: number): JsonObject {
  return { type: 'integer', minimum, maximum: MAX_INT, description };
}

/** True or false. */
export function flag(description: string): JsonObject {
  return { type: 'boolean', description };
}

const number = (description: string): JsonObject => ({ type: 'number', description });

/** The tenant that a call is narrowed to. */
export const tenantId = uuid(
  'Id of the tenant to work in. Only needed where FusionAuth has several tenants.',
);

/** What a caller may tell FusionAuth's webhooks about where a call comes from. */
export const eventInfo = closed(
  'Context that is copied into the events that FusionAuth sends. Never needed.',
  {
    data: open('Anything that the receiver of the event should know.'),
    deviceDescription: text('Description of the device.'),
    deviceName: text('Name of the device.'),
    deviceType: text('Kind of device, for example `BROWSER`.'),
    ipAddress: text('IP address of the user.'),
    location: closed('Where the user is.', {
      city: text('City.'),
      country: text('Country.'),
      displayString: text('The place in words.'),
      latitude: number('Degrees north.'),
      longitude: number('Degrees east.'),
      region: text('Region.'),
      zipcode: text('Postal code.'),
    }),
    os: text('Operating system.'),
    userAgent: text('User agent.'),
  },
);

/** What FusionAuth keeps with the refresh token that a login makes. */
export const metaData = closed('What is kept with the refresh token of this login.', {
  data: open('Anything to keep with the refresh token.'),
  device: closed('The device that the user signs in on.', {
    description: text('Description of the device.'),
    lastAccessedAddress: text('IP address of the last use.'),
    lastAccessedInstant: { type: 'integer', description: 'Time of the last use, epoch milliseconds.' },
    name: text('Name of the device.'),
    type: text('Kind of device, for example `BROWSER`.'),
  }),
  resources: {
    type: 'array',
    items: { type: 'string', format: 'uri' },
    description: 'Resources that the tokens are meant for (RFC 8707).',
  },
  scopes: { type: 'array', items: { type: 'string' }, description: 'Scopes of the refresh token.' },
});
