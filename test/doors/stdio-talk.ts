import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { serveStdio } from '../../src/doors/stdio.ts';
import { createGate } from './fake-gate.ts';
import { INITIALIZE, VERSION } from './support.ts';

/** `initialize` as text. */
export const INIT = JSON.stringify(INITIALIZE);
/** A ping as text, whose answer shows that the door still serves. */
export const PING = '{"jsonrpc":"2.0","id":"after","method":"ping"}';

/** Sends bytes to a fresh door, ends the input, and answers what came out and what was called. */
export async function talk(...sent: (string | Buffer)[]) {
  const gate = createGate();
  const [input, output] = [new PassThrough(), new PassThrough()];
  const logged: string[] = [];
  const { done } = serveStdio({
    gate,
    identity: { sub: 'anna' },
    input,
    output,
    version: VERSION,
    log: (message) => logged.push(message),
  });
  let text = '';
  output.on('data', (chunk) => {
    text += chunk;
  });
  for (const bytes of sent) input.write(bytes);
  input.end();
  await done;
  const lines = text.split('\n').filter((line) => line !== '');
  return { answers: lines.map((line): Answer => JSON.parse(line)), gate, logged };
}

/** What came out, as far as the tests look at it. */
export interface Answer {
  readonly id: unknown;
  readonly error?: { readonly code: number; readonly message: string };
  readonly result?: {
    readonly structuredContent?: { readonly said: unknown; readonly faults: readonly { path: string }[] };
  };
}

/** A message as a line. */
export const line = (value: unknown) => `${JSON.stringify(value)}\n`;
/** What a row expects where the answer is an error. */
export const error = (id: unknown, code: number) => ({ id, code });
/** A call of `echo` as a line, its arguments and envelope as text. */
export const echo = (args: string, envelope = '"jsonrpc":"2.0","id":1') =>
  `{${envelope},"method":"tools/call","params":{"name":"echo","arguments":${args}}}\n`;
/** What a row expects where the arguments reach the gate with faults, by path. */
export const violations = (...expected: string[]) => ({ id: 1, violations: expected });

/** One thing sent in the middle of a session, and what comes of it. */
export interface Row {
  readonly name: string;
  readonly send: string | Buffer;
  /** What is answered between `initialize` and a last `ping`. */
  readonly get: readonly unknown[];
  /** How many calls reach the gate; default 0. */
  readonly calls?: number;
}

/** What a row compares of an answer: the code of an error, else the member that the row asks for. */
function summarize(answer: Answer, wanted: unknown): unknown {
  const id = answer.id;
  if (answer.error !== undefined) return { id, code: answer.error.code };
  const content = answer.result?.structuredContent;
  if (typeof wanted !== 'object' || wanted === null) return { id };
  if ('said' in wanted) return { id, said: content?.said };
  if ('violations' in wanted) return { id, violations: content?.faults.map((fault) => fault.path) };
  return { id };
}

/** One test a row. */
export function testRows(rows: readonly Row[]): void {
  for (const { name, send, get, calls = 0 } of rows) {
    test(`stdio: ${name}`, async () => {
      const { answers, gate } = await talk(`${INIT}\n`, send, `${PING}\n`);
      const between = answers.filter((answer) => answer.error !== undefined || !isFrame(answer.id));
      expect(between.map((answer, i) => summarize(answer, get[i]))).toEqual(get);
      expect(gate.calls.length).toBe(calls);
      expect(answers.find((answer) => answer.id === 'after')?.result).toEqual({});
    });
  }
}

/** Whether an answer is to what every row begins and ends with. */
function isFrame(id: unknown): boolean {
  return id === 'init' || id === 'after';
}
