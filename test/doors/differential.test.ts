import { PassThrough } from 'node:stream';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { describe, expect, it } from 'vitest';
import { serveStdio } from '../../src/doors/stdio.ts';
import type { Gate } from '../../src/model/index.ts';
import { differing } from './differential-differing.ts';
import { type Answer, type Came, caller, openGate, sdkServer, summary } from './differential-gate.ts';
import {
  ours as ourDoor,
  sdks as sdksServer,
  sendModern,
  sendOverHttp,
  summaryOverHttp,
} from './differential-http.ts';
import { agreeing } from './differential-rows.ts';
import { INIT, PING } from './stdio-talk.ts';
import { VERSION } from './support.ts';

type Serve = (gate: Gate, input: PassThrough, output: PassThrough) => void;

const ours: Serve = (gate, input, output) => {
  serveStdio({ gate, identity: caller.identity, input, output, version: VERSION, log: () => {} });
};

const sdks: Serve = (gate, input, output) => {
  void sdkServer(gate, 'stdio').connect(new StdioServerTransport(input, output));
};

/** Opens a session, sends the frames one after the other, and takes what came before the answer to a last ping. */
async function send(serve: Serve, frames: readonly string[]): Promise<Came> {
  const { gate, records } = openGate();
  const [input, output] = [new PassThrough(), new PassThrough()];
  const answers: Answer[] = [];
  let wake = () => {};
  output.on('data', (chunk) => {
    for (const line of String(chunk).split('\n')) if (line !== '') answers.push(JSON.parse(line));
    wake();
  });
  serve(gate, input, output);
  const settled = async (frame: string, count: number) => {
    input.write(`${frame}\n`);
    while (answers.length < count)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  };
  await settled(INIT, 1);
  for (const frame of frames) {
    input.write(`${frame}\n`);
    // Nothing here waits for anything outside: a call is over within a few turns of the loop.
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  }
  await settled(PING, answers.length + 1);
  input.end();
  return { answers: answers.slice(1, -1), records };
}

describe('our dispatcher and the one of the SDK, before the same gate, over stdio', () => {
  it.each([...agreeing, ...differing.filter(({ stdio }) => stdio === null)])(
    'agree on $name',
    async ({ frames }) => {
      expect(await send(ours, frames)).toEqual(await send(sdks, frames));
    },
  );

  it.each(differing.flatMap(({ stdio, ...row }) => (stdio === null ? [] : [{ ...row, ...stdio }])))(
    'differ on $name: $why',
    async ({ frames, ours: mine, sdk }) => {
      expect({ ours: summary(await send(ours, frames)), sdk: summary(await send(sdks, frames)) }).toEqual({
        ours: mine,
        sdk,
      });
    },
  );
});

describe('our door and the SDK, before the same gate, over HTTP', () => {
  it.each([...agreeing, ...differing.filter(({ http }) => http === null)])(
    'agree on $name',
    async ({ frames }) => {
      expect(await sendOverHttp(ourDoor, frames)).toEqual(await sendOverHttp(sdksServer, frames));
    },
  );

  it.each(differing.flatMap(({ http, ...row }) => (http === null ? [] : [{ ...row, ...http }])))(
    'differ on $name: $why',
    async ({ frames, ours: mine, sdk }) => {
      const came = [await sendOverHttp(ourDoor, frames), await sendOverHttp(sdksServer, frames)] as const;
      expect({ ours: summaryOverHttp(came[0]), sdk: summaryOverHttp(came[1]) }).toEqual({ ours: mine, sdk });
    },
  );
});

/** Calls with an id and params that can take the metadata of the modern era. */
const calls = [...agreeing, ...differing].filter(({ frames }) => frames.every(isCall));

function isCall(frame: string): boolean {
  return (
    /^\{"jsonrpc":"2.0","id":.*"method":"tools\/call","params":\{/.test(frame) && !/"_meta":[^{]/.test(frame)
  );
}

describe('our two eras, before the same gate, over HTTP', () => {
  it('are compared on most of the rows', () => expect(calls.length).toBeGreaterThan(30));

  it.each(calls)('agree on $name', async ({ frames }) => {
    const [legacy, modern] = [await sendOverHttp(ourDoor, frames), await sendModern(frames)];
    expect(modern.records).toEqual(legacy.records);
    expect(modern.answers.map(withoutEra)).toEqual(legacy.answers.map(withoutWords));
  });
});

/** An answer without what the modern era puts on every result. */
function withoutEra(answer: Answer): object {
  const { result, ...rest } = withoutWords(answer) as { result?: Readonly<Record<string, object | string>> };
  if (result === undefined) return rest;
  const { resultType, _meta, ...others } = result;
  const { 'io.modelcontextprotocol/serverInfo': server, ...meta } = Object(_meta);
  expect([resultType, server]).toEqual(['complete', { name: 'portcullis', version: VERSION }]);
  return { ...rest, result: { ...others, ...(Object.keys(meta).length > 0 && { _meta: meta }) } };
}

/** An answer without the words of an error, which say where in the text a fault is. */
function withoutWords({ error, ...rest }: Answer): object {
  return error === undefined ? rest : { ...rest, error: { ...error, message: '' } };
}
