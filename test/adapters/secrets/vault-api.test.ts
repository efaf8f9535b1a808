import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { vaultSecrets } from '../../../src/adapters/secrets/vault.ts';
import { startVault, type TestVault } from '../../support/vault.ts';

/** A shape: the name of a type or of another shape, or members with their shapes. */
type Shape = string | { readonly [member: string]: Shape };

interface Row {
  readonly what: string;
  readonly state?: string;
  readonly ask: {
    readonly method: string;
    readonly path: string;
    readonly token?: 'good' | 'bad';
    readonly namespace?: string;
    readonly body?: object;
  };
  readonly answer: {
    readonly status: number;
    readonly body: Shape;
    /** How many errors are told. */
    readonly errors?: number;
    readonly envelope?: true;
  };
}

const published = parse(readFileSync(new URL('../../support/vault-api.yaml', import.meta.url), 'utf8')) as {
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly rows: readonly Row[];
};

const SECRET = 'correct-horse-battery-staple';
let vault: TestVault;
beforeAll(async () => {
  vault = await startVault();
  vault.secrets.set('app/there', { secret: SECRET });
  vault.secrets.set('app/deleted', null);
});
beforeEach(() => {
  Object.assign(vault, { isRenewable: true, isSealed: false, namespace: null });
  vault.asked.length = 0;
});
afterAll(() => vault.close());

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  null: (value) => value === null,
  nullable: (value) => value === null || typeof value === 'object' || typeof value === 'string',
  'list of string': (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
};

/** The places of a value that do not have the shape. */
function strays(value: unknown, shape: Shape, at = 'body'): readonly string[] {
  if (typeof shape === 'string') {
    const isType = TYPES[shape];
    if (isType === undefined) return strays(value, published.shapes[shape] ?? {}, at);
    return isType(value) ? [] : [`${at} is no ${shape}`];
  }
  if (typeof value !== 'object' || value === null) return [`${at} is no object`];
  return Object.entries(shape).flatMap(([name, inner]) => {
    const member = name.replace('?', '');
    if (Object.hasOwn(value, member)) {
      return strays((value as Record<string, unknown>)[member], inner, `${at}.${member}`);
    }
    return name.endsWith('?') ? [] : [`${at}.${member} is missing`];
  });
}

function enter(state: string | undefined): void {
  if (state === 'sealed') vault.isSealed = true;
  else if (state === 'not renewable') vault.isRenewable = false;
  else if (state?.startsWith('namespace ')) vault.namespace = state.slice('namespace '.length);
  else if (state !== undefined) throw new Error(`expected a state that is known; found \`${state}\``);
}

describe('the Vault of the tests answers as is published', () => {
  it.each(published.rows.map((row) => [row.what, row] as const))('%s', async (_what, row) => {
    enter(row.state);
    const { method, path, token, namespace, body } = row.ask;
    const answer = await fetch(`${vault.url}/v1/${path}`, {
      method,
      headers: {
        'x-vault-request': 'true',
        ...(token === undefined ? {} : { 'x-vault-token': token === 'good' ? 'hvs.root' : 'hvs.bad' }),
        ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const said = (await answer.json()) as { readonly errors?: readonly string[] };
    expect(answer.status).toBe(row.answer.status);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(strays(said, row.answer.body)).toEqual([]);
    expect(strays(said, row.answer.envelope === true ? 'envelope' : {})).toEqual([]);
    if (row.answer.errors !== undefined) expect(said.errors).toHaveLength(row.answer.errors);
  });
});

describe('of that the service asks nothing else', () => {
  it('whichever way it is let in', async () => {
    const options = { namespace: null, mount: 'secret', prefix: 'app', now: () => 0, onProblem: () => {} };
    const client = { tenant: 'acme', project: 'billing', id: 'backend', isPublic: false };
    for (const auth of [{ token: 'hvs.root' }, { roleId: 'role-1', secretId: 'secret-id-1' }]) {
      const secrets = await vaultSecrets({ ...options, url: vault.url, auth });
      await secrets.of(client);
      await secrets.close();
    }
    const known = new Set(
      published.rows.map(({ ask }) => `${ask.method} ${ask.path.replace(/app\/.*/, '')}`),
    );
    const asked = vault.asked.map(({ method, path }) => `${method} ${path.slice(4).replace(/app\/.*/, '')}`);
    expect(asked.filter((each) => !known.has(each))).toEqual([]);
    expect(asked.length).toBeGreaterThanOrEqual(4);
  });

  it.each([
    ['sealed', 'Vault answered 503'],
    ['namespace team-a', 'Vault answered 403'],
  ])('and what it is then told is not taken for a missing secret: %s', async (state, why) => {
    const secrets = await vaultSecrets({
      ...{ url: vault.url, namespace: null, mount: 'secret', prefix: 'app', now: () => 0 },
      auth: { token: 'hvs.root' },
      onProblem: () => {},
    });
    enter(state);
    const client = { tenant: 'acme', project: 'billing', id: 'backend', isPublic: false };
    expect(await secrets.of(client)).toEqual({ found: 'unknown', why });
    await secrets.close();
  });
});
