import { connect, createServer, type Socket } from 'node:net';
import { freePort } from '../../support/redis.ts';

/** A TCP port that leads to a server; what is on it can be lost without a word, and new connections led elsewhere. */
export interface Road {
  readonly port: number;
  leadTo(port: number): void;
  loseConnections(): void;
  close(): void;
}

/** Opens a road to a port of this machine. */
export async function startRoad(to: number): Promise<Road> {
  let target = to;
  const sockets: Socket[] = [];
  const road = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    sockets.push(near, far);
    near.on('error', () => far.destroy()).pipe(far);
    far.on('error', () => near.destroy()).pipe(near);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => road.listen(port, '127.0.0.1', resolve));
  return {
    port,
    leadTo: (other) => {
      target = other;
    },
    loseConnections: () => {
      for (const socket of sockets.splice(0)) socket.unpipe().pause();
    },
    close: () => {
      road.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
