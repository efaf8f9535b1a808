import { randomBytes } from 'node:crypto';
import { anonymous } from '../../src/adapters/identity/anonymous.ts';
import { guard } from '../../src/adapters/limits/guard.ts';
import { serveHttp } from '../../src/doors/http.ts';
import { fixtureSurface } from './fixture-surface.ts';

/** Serves the suite's fixtures through the proxy's own HTTP door, until the process is ended; prints where. */
const door = await serveHttp({
  gate: {
    call: () => Promise.reject(new Error('calls go to the surface')),
    list: () => [],
    onToolsChanged: () => () => {},
    notReady: async () => [],
  },
  surface: fixtureSurface(),
  identify: anonymous(),
  guard: guard(),
  secret: randomBytes(32),
  host: '127.0.0.1',
  port: 0,
  version: '0.0.0',
  log: console.error,
});
process.stderr.write(`${door.url}\n`);
process.once('SIGTERM', () => void door.close());
