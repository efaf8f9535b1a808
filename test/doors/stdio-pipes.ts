import { PassThrough, type Writable } from 'node:stream';
import { serveStdio } from '../../src/doors/stdio.ts';
import { createGate, type FakeGate } from './fake-gate.ts';
import { VERSION } from './support.ts';

/** A door over streams of the test's own. */
export interface Pipes<Output extends Writable> {
  readonly gate: FakeGate;
  readonly input: PassThrough;
  readonly output: Output;
  readonly done: Promise<void>;
  close(): Promise<void>;
}

/** Opens one. */
export function open(): Pipes<PassThrough>;
export function open<Output extends Writable>(output: Output, gate?: FakeGate): Pipes<Output>;
export function open(output: Writable = new PassThrough(), gate = createGate()): Pipes<Writable> {
  const input = new PassThrough();
  const door = serveStdio({
    gate,
    identity: { sub: 'anna' },
    input,
    output,
    version: VERSION,
    log: () => {},
  });
  return { gate, input, output, ...door };
}

/** The frames that came out, as they come. */
export function collect(
  output: PassThrough,
): { id?: unknown; method?: string; params?: unknown; result?: unknown }[] {
  const frames: { id?: unknown; method?: string }[] = [];
  let rest = '';
  output.on('data', (chunk) => {
    rest += chunk;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    frames.push(...lines.map((line) => JSON.parse(line)));
  });
  return frames;
}

/** Sends messages, one a line. */
export const write = (input: PassThrough, ...messages: unknown[]) =>
  input.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
/** A cancellation. */
export const cancel = (requestId: unknown) => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId },
});
