import { setFlagsFromString } from 'node:v8';
import type { Command } from 'commander';
import type { ServeFlags } from '../config.ts';
import { version } from '../version.ts';
import { common, type Ended } from './common.ts';

const LINGER_MS = 1000;

/** `portcullis serve`. */
export function addServe(program: Command, ended: Ended): void {
  const command = program
    .command('serve')
    .description('run the proxy: MCP over stdio, over HTTP with --http; REST with --rest')
    .option('--policy <file>', 'policy file (PORTCULLIS_POLICY)')
    .option('--fusionauth <url>', 'FusionAuth (FUSIONAUTH_URL)')
    .option('--tenant <uuid>', 'confine the proxy to one tenant (FUSIONAUTH_TENANT_ID)')
    .option('--sandbox', 'a FusionAuth-compatible sandbox in this process, in place of FusionAuth')
    .option('--redis <url>', 'keep limits in Redis (PORTCULLIS_REDIS); without it they are kept in memory')
    .option('--http [address]', 'open the HTTP door on [HOST:]PORT (PORTCULLIS_HTTP)')
    .option('--rest [address]', 'open the REST door on [HOST:]PORT (PORTCULLIS_REST)')
    .option('--stdio', 'serve stdio beside these doors')
    .option('--issuer <url>', 'demand tokens of this issuer; may be repeated (PORTCULLIS_ISSUER)', collect)
    .option('--resource <url>', 'the URI of this proxy in tokens (PORTCULLIS_RESOURCE); default: its address')
    .option('--audience <name>', 'another `aud` that tokens may have; may be repeated', collect)
    .option('--required-scope <scope>', 'a scope that every token must have; may be repeated', collect)
    .option('--allow-private-issuers', 'let names of issuers lead into private networks')
    .option('--allow-anonymous', 'let these doors listen beyond loopback without identities')
    .option('--allowed-host <name>', 'a Host header to accept beside loopback; may be repeated', collect)
    .option('--allowed-origin <origin>', 'an Origin to accept beside loopback; may be repeated', collect)
    .option(
      '--directory <file>',
      'issue tokens on the REST door, for the clients of this file (PORTCULLIS_DIRECTORY)',
    )
    .option('--client-secrets <file>', 'their secrets, in place of VAULT_ADDR (PORTCULLIS_CLIENT_SECRETS)')
    .option(
      '--issuer-url <url>',
      'how issued tokens name the service (PORTCULLIS_ISSUER_URL); default: its address',
    )
    .option(
      '--token-audience <url>',
      'whom issued tokens are for; may be repeated; default: this proxy',
      collect,
    )
    .option('--audit <file>', 'audit file, `-` for stderr, `off` (PORTCULLIS_AUDIT)')
    .action(async (flags: ServeFlags) => {
      // Else V8 takes what the first calls leave for long-lived and allocates it among the old for ever: with it whole
      // calls live until the next major collection, and each minor one takes twice as long (bench/README.md).
      setFlagsFromString('--no-allocation-site-pretenuring');
      const { serve } = await import('../serve.ts');
      ended(await serve(flags, process.env, version()));
      // What nobody reads of stderr must not keep a proxy that was told to stop.
      setTimeout(leave, LINGER_MS).unref();
    });
  command.addHelpText(
    'after',
    '\nSecrets come from the environment, or from the file that NAME_FILE names: FUSIONAUTH_API_KEY, PORTCULLIS_SECRET, PORTCULLIS_REDIS, PORTCULLIS_TOKEN, PORTCULLIS_SIGNING_KEY, VAULT_TOKEN, VAULT_SECRET_ID.',
  );
  common(command, 'serve --policy policies/default.yaml --http 9090');
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** A file that takes nothing holds a thread, and `process.exit` would wait for it as long as the disk hangs. */
function leave(): never {
  const isHeld = process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
  if (isHeld) process.kill(process.pid, 'SIGKILL');
  process.exit();
}
