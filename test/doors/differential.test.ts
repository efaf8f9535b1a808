import { PassThrough } from 'node:stream';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it } from 'vitest';
import { serveStdio } from '../../src/doors/stdio.ts';
import type { AuditRecord, Caller, Gate, JsonObject } from '../../src/model/index.ts';
import { toToolResult } from '../../src/pipeline/respond.ts';
import { openLine } from '../support/line.ts';
import { rows, type Summary } from './differential-rows.ts';
import { INIT, PING } from './stdio-talk.ts';
import { VERSION } from './support.ts';

const POLICY = `
hide: [createLogout]
tools:
  validateJWTWithId: { rules: [{ rate_limit: 1/day }] }
  deleteJwtRefresh: { rules: [{ action: deny, reason: Ask a person. }] }
`;
const caller: Caller = { identity: { sub: 'anna' }, session: 'session-1' };

/** Everything that came of some frames. */
interface Came {
  readonly answers: readonly Answer[];
  readonly records: readonly AuditRecord[];
}

interface Answer {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly error?: { readonly code: number };
  readonly result?: { readonly _meta?: { readonly 'portcullis/decision'?: { readonly code: string } } };
}

/** The same gate behind both dispatchers: one policy, one time, one caller, ids that count from 1. */
function openGate() {
  const line = openLine({
    policy: POLICY,
    reply: { got: 'result', status: 200, body: { publicKey: 'pem' } },
  });
  const records: AuditRecord[] = [];
  const gate: Gate = {
    async call(raw) {
      const walked = await line.call(raw.tool, null, { ...raw, caller });
      records.push(...walked.records);
      return walked.outcome;
    },
    list: () => [],
    onToolsChanged: () => () => {},
    notReady: async () => [],
  };
  return { gate, records };
}

type Serve = (gate: Gate, input: PassThrough, output: PassThrough) => void;

const ours: Serve = (gate, input, output) => {
  serveStdio({ gate, identity: caller.identity, input, output, version: VERSION, log: () => {} });
};

const sdks: Serve = (gate, input, output) => {
  const server = new Server({ name: 'portcullis', version: VERSION }, { capabilities: { tools: {} } });
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal, sendNotification }) => {
    const progressToken = params._meta?.progressToken;
    const message = 'Allowed by policy; waiting for FusionAuth';
    const answer = toToolResult(
      await gate.call({
        tool: params.name,
        args: { value: (params.arguments ?? {}) as JsonObject, faults: [] },
        transport: 'stdio',
        caller,
        signal,
        ...(progressToken !== undefined && {
          onForward: () => {
            const params = { progressToken, progress: 1, total: 2, message };
            void sendNotification({ method: 'notifications/progress', params });
          },
        }),
      }),
    );
    if ('error' in answer) throw Object.assign(new Error(answer.error.message), answer.error);
    return { ...answer.result };
  });
  void server.connect(new StdioServerTransport(input, output));
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

function summary({ answers, records }: Came): Summary {
  return {
    answers: answers.map(({ error, result }) =>
      error === undefined
        ? (result?._meta?.['portcullis/decision']?.code ?? 'result')
        : `error ${error.code}`,
    ),
    records: records.map(({ intent, code }) => (intent ? 'intent' : code)),
  };
}

describe('our dispatcher and the one of the SDK, before the same gate', () => {
  it.each(rows.filter((row) => row.differs === undefined))('agree on $name', async ({ frames }) => {
    expect(await send(ours, frames)).toEqual(await send(sdks, frames));
  });

  it.each(rows.flatMap(({ differs, ...row }) => (differs ? [{ ...row, ...differs }] : [])))(
    'differ on $name: $why',
    async ({ frames, ours: mine, sdk }) => {
      expect({ ours: summary(await send(ours, frames)), sdk: summary(await send(sdks, frames)) }).toEqual({
        ours: mine,
        sdk,
      });
    },
  );
});
