import { pino } from 'pino';

/** The log of the process: lines of JSON on stderr, never on stdout, never with a secret. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** What waits for a reader of stderr that does not come; past it lines are dropped, since calls must not wait for them. */
const MAX_UNREAD_BYTES = 1024 * 1024;

const STDERR = {
  write(line: string) {
    // A reader that went away is told to each write, and no reason to end.
    if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => {});
    if (process.stderr.writableLength < MAX_UNREAD_BYTES) process.stderr.write(line);
  },
};

/** Opens the log at a level (`debug`, `info`, `warn`, `error`, `silent`). */
export function openLog(level: string): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    STDERR,
  );
  return {
    info: (message) => logger.info(message),
    warn: (message) => logger.warn(message),
    error: (message) => logger.error(message),
  };
}
