import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect } from 'vitest';
import { type FusionAuthOptions, fusionAuthUpstream } from '../../../src/adapters/upstream/fusionauth.ts';
import type { Upstream, UpstreamRequest } from '../../../src/model/index.ts';

export const KEY = 'raw-api-key-c0ffee';
export const JWT = 'head.pay.sig';
export const TENANT = 'd7d09513-a3f5-401c-9685-34ab6c552453';
export const never = new AbortController().signal;

export const closing: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

export const get: UpstreamRequest = {
  method: 'GET',
  target: '/api/jwt/public-key',
  tenantId: null,
  authority: { as: 'none' },
  body: null,
};
export const post: UpstreamRequest = {
  ...get,
  method: 'POST',
  target: '/api/jwt/vend',
  authority: { as: 'api_key' },
  body: '{}',
};

export async function listening(server: Server | net.Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((closed) => server.close(closed));
  });
  return (server.address() as AddressInfo).port;
}

export const http = (answer: (request: IncomingMessage, response: ServerResponse) => void) =>
  listening(createServer(answer));
export const tcp = (talk: (socket: Socket) => void) =>
  listening(
    net.createServer((socket) => {
      socket.on('error', () => {});
      talk(socket);
    }),
  );

export function upstream(port: number, options: Partial<FusionAuthOptions> = {}): Upstream {
  const made = fusionAuthUpstream({ url: `http://127.0.0.1:${port}`, apiKey: KEY, ...options });
  closing.push(() => made.close());
  return made;
}

export const json = (status: number, body: string) => (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(status, { 'Content-Type': 'application/json;charset=UTF-8' }).end(body);
};
export const broken = (why: string | RegExp): unknown => ({
  got: 'nothing',
  reached: true,
  fault: 'broken',
  why: typeof why === 'string' ? why : expect.stringMatching(why),
});
export const notJson = (status: number) =>
  broken(`FusionAuth answered ${status} with something that is not a JSON object`);

export const unreached = (fault: string, why: string | RegExp): unknown => ({
  ...(broken(why) as object),
  reached: false,
  fault,
});
