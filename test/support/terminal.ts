import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { bin, cleanEnv } from './cli.ts';

/** The program on a terminal of its own, and somebody at its keys. */
export interface Terminal {
  /** Resolves once what was shown since the last key matches; fails where the program ends before. */
  shows(pattern: RegExp): Promise<void>;
  press(keys: string): void;
  /** The exit code, and all that was shown, without colours and movements. */
  ended: Promise<{ readonly code: number | null; readonly screen: string }>;
}

export const keys = {
  enter: '\r',
  space: ' ',
  down: '\u001b[B',
  up: '\u001b[A',
  interrupt: '\u0003',
  escape: '\u001b',
};

/** Starts the program on a pseudo-terminal of 110 by 50, which `script` of Debian's bsdutils makes. */
export function startTerminal(args: readonly string[], cwd: string): Terminal {
  const quoted = [process.execPath, bin, ...args].map((each) => `'${each.replaceAll("'", "'\\''")}'`);
  const command = `stty cols 110 rows 50; exec ${quoted.join(' ')}`;
  const child = spawn('script', ['-q', '-e', '-c', command, '/dev/null'], {
    cwd,
    env: cleanEnv({ TERM: 'xterm', SHELL: '/bin/sh' }),
  });
  let shown = '';
  let since = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<Awaited<Terminal['ended']>>((done) =>
    child.once('close', (code) => done({ code, screen: stripVTControlCharacters(shown) })),
  );
  return {
    shows: (pattern) =>
      new Promise((done, fail) => {
        const look = () => {
          if (pattern.test(stripVTControlCharacters(shown.slice(since)))) done();
        };
        child.stdout.on('data', look);
        void ended.then(({ code }) => fail(new Error(`it ended with ${code} and showed: ${shown}`)));
        look();
      }),
    press(text) {
      since = shown.length;
      child.stdin.write(text);
    },
    ended,
  };
}
