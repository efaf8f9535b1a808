import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { run } from '../../test/support/cli.ts';

interface Service {
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

const folder = import.meta.dirname;
const root = resolve(folder, '../..');
const file = parse(readFileSync(join(folder, 'compose.yaml'), 'utf8')) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
};
const services = Object.entries(file.services);
const proxy = file.services['portcullis'] ?? {};
const { build = { context: '', dockerfile: '' }, command = [], environment = {}, volumes = [] } = proxy;
const dockerfile = readFileSync(resolve(folder, build.context, build.dockerfile), 'utf8');
const reference = readFileSync(join(root, 'docs/reference.md'), 'utf8');

/** A mount's place outside and its place in the container. */
const mounts = services.flatMap(([, service]) =>
  (service.volumes ?? []).map((each) => each.split(':').slice(0, 2)),
);

/** What the Dockerfile copies from the context. */
const copied = Array.from(dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)).flatMap(([, names = '']) =>
  names.split(' '),
);

describe('the compose file', () => {
  it('starts `portcullis serve` with flags that it has', async () => {
    const { stdout } = await run(['serve', '--help']);
    expect(command[0]).toBe('serve');
    const flags = command.filter((each) => each.startsWith('--'));
    expect(flags.filter((flag) => !new RegExp(`^  ${flag}[ ]`, 'm').test(stdout))).toEqual([]);
  });

  it('has settings that the reference has', () => {
    const known = Array.from(reference.matchAll(/^\| .* \| `([A-Z_]+)` \|/gm), ([, name]) => name);
    expect(known).toContain('PORTCULLIS_SECRET');
    expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
  });

  it('opens the door to all of its container with --allow-anonymous, on the port that is published', () => {
    expect(command[command.indexOf('--http') + 1]).toBe('0.0.0.0:9090');
    expect(command).toContain('--allow-anonymous');
    expect(proxy.ports).toEqual(['127.0.0.1:9090:9090']);
  });

  it('publishes no port beyond 127.0.0.1', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('names a policy that is mounted, and is clean under check --strict', async () => {
    const policy = command[command.indexOf('--policy') + 1] ?? '';
    const [outside = '', inside = ''] =
      mounts.find(([, place = '/']) => policy.startsWith(`${place}/`)) ?? [];
    const path = resolve(folder, outside) + policy.slice(inside.length);
    expect(await run(['check', '--strict', path])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('writes the audit to a volume, in a folder that the image gives to its user', () => {
    const [, audit] = volumes.find((each) => each.startsWith('audit:'))?.split(':') ?? [];
    expect(environment['PORTCULLIS_AUDIT']).toMatch(new RegExp(`^${audit}/`));
    expect(dockerfile).toContain(`mkdir ${audit} && chown node:node ${audit}`);
  });

  it('mounts folders that exist and volumes that are declared', () => {
    const missing = mounts.filter(([outside = '']) =>
      outside.startsWith('.') ? !existsSync(resolve(folder, outside)) : !(outside in file.volumes),
    );
    expect(missing).toEqual([]);
  });

  it('waits for services that are started with the one that waits', () => {
    for (const [, service] of services) {
      for (const name of Object.keys(service.depends_on ?? {})) {
        expect(file.services[name]?.profiles ?? service.profiles).toEqual(service.profiles);
      }
    }
  });

  it('starts FusionAuth and its database only on request', () => {
    const always = services.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name);
    expect(always).toEqual(['portcullis', 'redis']);
  });
});

describe('the Dockerfile', () => {
  it('copies what exists, and what its .dockerignore lets through', () => {
    const ignored = readFileSync(join(folder, 'Dockerfile.dockerignore'), 'utf8');
    expect(copied.filter((name) => !readdirSync(root).includes(name))).toEqual([]);
    expect(copied.filter((name) => !ignored.includes(`\n!${name}\n`))).toEqual([]);
  });

  it('starts the program at the place to which it was copied', () => {
    const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      bin: { portcullis: string };
    };
    expect(dockerfile).toContain('WORKDIR /app\n');
    expect(dockerfile).toContain(`ENTRYPOINT ["node", "/app/${bin.portcullis}"]`);
  });
});
