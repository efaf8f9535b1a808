import type { Command } from 'commander';
import type { AskFlags } from '../token.ts';
import { common, type Ended } from './common.ts';

/** `portcullis token`. */
export function addToken(program: Command, ended: Ended): void {
  const command = program
    .command('token')
    .description('get a token from the token service, for a shell')
    .option('--user', 'a token of the user')
    .option('--admin', 'a token of the user as administrator')
    .option('--url <url>', 'the token service (PORTCULLIS_TOKEN_URL), http://127.0.0.1:8080 where left out')
    .option('--tenant <name>', 'tenant')
    .option('--project <name>', 'project')
    .option('--client <name>', 'client')
    .option('--email <email>', 'the user')
    .action(async (flags: AskFlags) => {
      const { token } = await import('../token.ts');
      ended(await token(flags, process.env));
    });
  command.addHelpText(
    'after',
    '\nThe secret of the client comes from PORTCULLIS_CLIENT_SECRET, or from the file that PORTCULLIS_CLIENT_SECRET_FILE names. Only the token is printed on stdout.',
  );
  common(command, 'token --user --tenant acme --project billing --client backend --email anna@acme.example');
}
