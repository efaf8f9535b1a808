import { readFileSync } from 'node:fs';
import { FusionAuthClient } from '@fusionauth/typescript-client';
import { request } from 'undici';
import { expect, test } from 'vitest';
import { defaultSeed, known } from '../../src/sandbox/default-seed.ts';
import type { SeedDocument } from '../../src/sandbox/seed.ts';
import { parseSeed, type Sandbox, startSandbox } from '../../src/sandbox/server.ts';

/** A moment at which tests start: 2026-01-01. */
export const START = 1_767_225_600_000;

/** The same moment as JWTs have it. */
export const SECONDS = START / 1000;
/** An id that no world has. */
export const NOBODY = '99999999-9999-4999-8999-999999999999';
/** Any text, where a value is drawn at random. */
export const TEXT = expect.any(String);

/** The built-in world without its RSA key, so that a fresh one for every row costs nothing. */
export const quickSeed: SeedDocument = {
  ...defaultSeed,
  keys: defaultSeed.keys.map((key) => (key.id === known.keys.rs256 ? { ...key, algorithm: 'ES256' } : key)),
};

/** The world of `two-tenants.yaml`. */
export const twoTenantSeed = parseSeed(readFileSync(new URL('two-tenants.yaml', import.meta.url), 'utf8'));

/** A sandbox whose clock stands still until a row moves it. */
export interface Bench {
  readonly sandbox: Sandbox;
  readonly clock: { now: number };
  /** One raw request; a string body goes out as it is. */
  send(method: Method, target: string, options?: SendOptions): Promise<Answer>;
  /** The vendor's client with the sandbox's API key, or another. */
  client(apiKey?: string, tenantId?: string): FusionAuthClient;
}

export type Method = 'GET' | 'POST' | 'DELETE' | 'PUT' | 'PATCH';

export interface SendOptions {
  readonly headers?: { readonly [name: string]: string };
  readonly json?: unknown;
  readonly body?: string;
  /** Sent raw in Authorization. */
  readonly key?: string;
  readonly jwt?: string;
}

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
  /** The parsed body, null where it is empty. */
  readonly body: unknown;
  readonly cookies: readonly string[];
}

/** A sentence, what is done to a fresh sandbox, and the whole of what comes of it. */
export type Row = readonly [string, (bench: Bench) => unknown, unknown];

/** One test for each row. */
export function testRows(rows: readonly Row[], options: BenchOptions = {}): void {
  for (const [sentence, run, expected] of rows) {
    test(sentence, () => withSandbox(options, async (bench) => expect(await run(bench)).toEqual(expected)));
  }
}

/** An access token of alice, as a login would give it. */
export function login({ sandbox }: Bench, applicationId: string = known.applications.web): Promise<string> {
  return sandbox.world.accessToken(known.users.alice, applicationId);
}

/** The live value of a refresh token of the built-in world. */
export function refreshValue({ sandbox }: Bench, id: string): string {
  const tokens = Object.values(known.users).flatMap((user) => sandbox.world.refreshTokens(user));
  return tokens.find((token) => token.id === id)?.token ?? 'no such token';
}

/** The ids of all live refresh tokens. */
export function liveIds({ sandbox }: Bench): readonly string[] {
  return sandbox.world.users
    .flatMap(({ id }) => sandbox.world.refreshTokens(id).map((token) => token.id))
    .sort();
}

/** The ids of the built-in refresh tokens but for some. */
export function without(...gone: readonly string[]): readonly string[] {
  return Object.values(known.refreshTokens)
    .filter((id) => !gone.includes(id))
    .sort();
}

/** A reconcile request with a token of the external identity provider. */
export async function external({ sandbox }: Bench, claims: { readonly [name: string]: string }, more = {}) {
  return {
    applicationId: known.applications.web,
    identityProviderId: known.identityProvider,
    data: { token: await sandbox.world.externalJwt(claims) },
    ...more,
  };
}

/** What a sandbox of a test differs in. */
export interface BenchOptions {
  readonly seed?: SeedDocument;
  readonly delayMs?: number;
}

/** Starts a sandbox, hands it to a row, and closes it. */
export async function withSandbox<T>(options: BenchOptions, row: (bench: Bench) => Promise<T>): Promise<T> {
  const clock = { now: START };
  const sandbox = await startSandbox({ seed: quickSeed, ...options, now: () => clock.now });
  try {
    return await row({
      sandbox,
      clock,
      send: (method, target, sent) => send(sandbox.url, method, target, sent),
      client: (apiKey = sandbox.apiKey, tenantId) => new FusionAuthClient(apiKey, sandbox.url, tenantId),
    });
  } finally {
    await sandbox.close();
  }
}

/** A vendor's promise -> status and body, whether it resolved or rejected. */
export async function outcome(
  promise: Promise<Partial<Vendor>>,
): Promise<readonly [number | undefined, unknown]> {
  try {
    const { statusCode, response } = await promise;
    return [statusCode, response];
  } catch (error) {
    if (error instanceof Error) throw error;
    const { statusCode, exception } = error as Vendor;
    return [statusCode, exception];
  }
}

/** The part of the vendor's `ClientResponse` that tests read; its promises reject with one, not with an Error. */
interface Vendor {
  readonly statusCode: number;
  readonly response: unknown;
  readonly exception: unknown;
}

/** What stands at a path of a JSON value; undefined where nothing does. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, name) => (inner as Record<string, unknown> | null)?.[name], value);
}

/** The payload of a JWT, unverified. */
export function claimsOf(jwt: unknown): { readonly [name: string]: unknown } {
  return JSON.parse(Buffer.from(String(jwt).split('.')[1] ?? '', 'base64url').toString());
}

/** The header of a JWT. */
export function headerOf(jwt: unknown): { readonly [name: string]: unknown } {
  return JSON.parse(Buffer.from(String(jwt).split('.')[0] ?? '', 'base64url').toString());
}

/** The codes of an error body: `field: [code]`, or the code alone for a general one. */
export function codesOf(body: unknown): readonly string[] {
  const { fieldErrors = {}, generalErrors = [] } = (body ?? {}) as {
    fieldErrors?: Record<string, { code: string }[]>;
    generalErrors?: { code: string }[];
  };
  const fields = Object.entries(fieldErrors).flatMap(([field, errors]) =>
    errors.map(({ code }) => `${field}: ${code}`),
  );
  return [...fields, ...generalErrors.map(({ code }) => code)];
}

async function send(url: string, method: Method, target: string, sent: SendOptions = {}): Promise<Answer> {
  const { json, key, jwt } = sent;
  const authorization = key ?? (jwt === undefined ? undefined : `Bearer ${jwt}`);
  const headers = {
    ...(authorization !== undefined && { authorization }),
    ...(json !== undefined && { 'content-type': 'application/json' }),
    ...sent.headers,
  };
  const body = json === undefined ? (sent.body ?? null) : JSON.stringify(json);
  const reply = await request(url + target, { method, headers, body });
  const text = await reply.body.text();
  const type = reply.headers['content-type'];
  const cookies = reply.headers['set-cookie'] ?? [];
  return {
    status: reply.statusCode,
    type: typeof type === 'string' ? type : null,
    text,
    body: text === '' ? null : JSON.parse(text),
    cookies: typeof cookies === 'string' ? [cookies] : cookies,
  };
}
