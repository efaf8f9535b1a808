import type { Command } from 'commander';
import { version } from '../version.ts';
import { common, type Ended, hasColor } from './common.ts';

/** `portcullis demo`. */
export function addDemo(program: Command, ended: Ended): void {
  const command = program
    .command('demo')
    .description(
      'sandbox, proxy and an MCP client in one process: what is allowed, limited and denied, and why',
    )
    .action(async (flags: { color: boolean }) => {
      const { demo } = await import('../demo.ts');
      ended(await demo({ color: hasColor(flags), version: version() }));
    });
  common(command, 'demo');
}
