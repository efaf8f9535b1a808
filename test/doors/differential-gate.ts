import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { CallToolRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type {
  AuditRecord,
  Caller,
  Gate,
  JsonObject,
  Reply,
  Transport,
  Upstream,
} from '../../src/model/index.ts';
import { openLine } from '../support/line.ts';
import { toldOf } from '../support/told.ts';
import type { Summary } from './differential-rows.ts';
import { VERSION } from './support.ts';

const POLICY = `
hide: [createLogout]
tools:
  validateJWTWithId: { rules: [{ rate_limit: 1/day }] }
  deleteJwtRefresh: { rules: [{ action: deny, reason: Ask a person. }] }
`;
const REPLY: Reply = { got: 'result', status: 200, body: { publicKey: 'pem' } };
const CANCELLED: Reply = { got: 'nothing', reached: true, fault: 'cancelled', why: 'the call was cancelled' };
export const caller: Caller = { identity: { sub: 'anna' }, session: 'session-1' };

/** Everything that came of some frames. */
export interface Came {
  readonly answers: readonly Answer[];
  readonly records: readonly AuditRecord[];
}

/** A message of a server, as far as the tests look at it by name. */
export interface Answer {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly error?: { readonly code: number };
  readonly result?: { readonly _meta?: { readonly 'portcullis/decision'?: { readonly code: string } } };
}

/** The same gate behind both dispatchers: one policy, one time, one caller, ids that count from 1. */
export function openGate() {
  let hanging = 0;
  /** FusionAuth answers at once, but for the key `hang`: that one only ends when it is cancelled. */
  const reply: Upstream['send'] = async ({ target }, signal) => {
    if (!target.includes('hang')) return REPLY;
    hanging++;
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(CANCELLED)));
  };
  const line = openLine({ policy: POLICY, reply });
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
  return { gate, records, hanging: () => hanging };
}

/** The SDK's own path to the same gate: its protocol core, its schemas, its envelope. */
export function sdkServer(gate: Gate, transport: Transport): Server {
  const server = new Server({ name: 'portcullis', version: VERSION }, { capabilities: { tools: {} } });
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal, sendNotification }) => {
    const progressToken = params._meta?.progressToken;
    const message = 'Allowed by policy; waiting for FusionAuth';
    const answer = toldOf(
      await gate.call({
        tool: params.name,
        args: { value: (params.arguments ?? {}) as JsonObject, faults: [] },
        transport,
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
  return server;
}

/** What came, in short. */
export function summary({ answers, records }: Came): Summary {
  return {
    answers: answers.map(({ error, method, result }) =>
      error === undefined
        ? (method ?? result?._meta?.['portcullis/decision']?.code ?? 'result')
        : `error ${error.code}`,
    ),
    records: records.map(({ intent, code }) => (intent ? 'intent' : code)),
  };
}
