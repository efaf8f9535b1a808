import { randomUUID } from 'node:crypto';
import { memoryLimits } from '../../src/adapters/limits/memory.ts';
import type { Answer, Surface, ToolCall } from '../../src/doors/surface.ts';
import type { JsonObject, Operation, Outcome, RawCall } from '../../src/model/index.ts';
import { toolLister } from '../../src/pipeline/list-tools.ts';
import { callParser } from '../../src/pipeline/parse-call.ts';
import { toToolResult, type Written } from '../../src/pipeline/respond.ts';
import { runCall } from '../../src/pipeline/run-call.ts';
import { digestOf, fingerprintWith } from '../../src/policy/fingerprint.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { type PreparedPolicy, prepare } from '../../src/policy/prepare.ts';
import { FEATURES } from './fixture-features.ts';
import { done, type FixtureTool, isObject, type Peer } from './fixture-tool.ts';
import { FIXTURE_TOOLS } from './fixture-tools.ts';

/** Every tool is allowed, but each call is judged and counted. */
const POLICY = `
version: "1"
default: allow
tools:
  "*":
    rules:
      - rate_limit: { max: 1000000, window: 1h }
`;

const OPERATIONS = FIXTURE_TOOLS.map(toOperation);
const [TOOLS_CHANGED, PROMPTS_CHANGED] = [
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
];
const SHARED = { tools: { listChanged: true }, prompts: { listChanged: true }, completions: {} };

/** The suite's tools, resources and prompts. A tool stands where FusionAuth does: behind the policy. */
export function fixtureSurface(): Surface {
  const listeners = new Set<(method: string) => void>();
  const waiting = new Map<string, (response: JsonObject) => void>();
  const peer: Peer = {
    ask: (call, method, params) =>
      new Promise((answer) => {
        const id = randomUUID();
        waiting.set(id, answer);
        call.say({ jsonrpc: '2.0', id, method, params });
      }),
    change: (method) => {
      for (const listener of listeners) listener(method);
    },
  };
  const line = openLine();
  const list = toolLister(OPERATIONS);
  return {
    capabilities: {
      legacy: { ...SHARED, resources: { subscribe: true, listChanged: true }, logging: {} },
      modern: { ...SHARED, resources: {}, logging: {} },
    },
    instructions: 'The tools, resources and prompts of the conformance suite.',
    call: (call) => line(call, peer),
    ask(asked) {
      if (asked.method === 'tools/list') {
        const tools = list(line.policy, asked.caller, 'http').map(({ outputSchema: _, ...tool }) => tool);
        return done({ tools });
      }
      const feature = FEATURES.get(asked.method);
      return feature === undefined || (feature.legacy && asked.era === 'modern')
        ? null
        : feature.answer(asked);
    },
    hear(response) {
      const { id = null, result } = response;
      waiting.get(String(id))?.(isObject(result) ? result : {});
      waiting.delete(String(id));
    },
    topics: new Map([
      ['toolsListChanged', TOOLS_CHANGED],
      ['promptsListChanged', PROMPTS_CHANGED],
    ]),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The line of a call, from the policy to the tool. */
function openLine() {
  const policy = preparePolicy();
  const limits = memoryLimits();
  const parse = callParser(OPERATIONS, null);
  const fingerprint = fingerprintWith(Buffer.from('conformance'));
  const audit = {
    intent: async () => true,
    write: () => {},
    isWritten: () => true,
    reopen: async () => {},
    close: async () => {},
  };
  const walk = async (call: ToolCall, peer: Peer): Promise<Answer | Written> => {
    const raw: RawCall = { ...call, transport: 'http' };
    let answer: Answer | null = null;
    const send = async () => {
      answer = await toolOf(call.tool).run(call, peer);
      return { got: 'result', status: 200, body: {} } as const;
    };
    const ports = {
      parse,
      limits,
      audit,
      fingerprint,
      upstream: { send, close: async () => {} },
      newId: randomUUID,
      elapsed: () => performance.now(),
      onFault: (_id: string, fault: unknown) => console.error(fault),
    };
    const outcome: Outcome = await runCall(raw, { policy, at: Date.now() }, ports);
    return answer ?? toToolResult(outcome);
  };
  return Object.assign(walk, { policy });
}

function toolOf(name: string): FixtureTool {
  const tool = FIXTURE_TOOLS.find((each) => each.name === name);
  if (tool === undefined) throw new Error('the policy let an unknown tool through');
  return tool;
}

function preparePolicy(): PreparedPolicy {
  const parsed = parsePolicy(POLICY, OPERATIONS);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { policy, placeOf } = parsed;
  return prepare(policy, { tools: OPERATIONS, digest: digestOf(POLICY), placeOf });
}

/** A tool of the suite as a row of a catalog. */
function toOperation({ name, properties }: FixtureTool): Operation {
  const schema = { type: 'object', properties, additionalProperties: false };
  return {
    name,
    operationId: name,
    clientNames: [],
    kind: 'read',
    schema,
    inputSchema: schema,
    outputSchema: {},
    secretArgs: [],
    secretResults: [],
    jwtArg: null,
    title: name,
    description: `The tool ${name}.`,
    hints: { readOnly: true, destructive: false, idempotent: true },
    method: 'POST',
    path: `/${name}`,
    authority: 'none',
    query: {},
    selectors: [],
    form: [],
    sendsBody: false,
    meaning: { 401: '', 404: '' },
  };
}
