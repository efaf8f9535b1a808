import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Answer, Asked } from '../../src/doors/surface.ts';
import type { Json, JsonObject } from '../../src/model/index.ts';
import { text } from './fixture-content.ts';
import { capabilitiesOf, done, type FixtureTool, failed, isObject, objectIn } from './fixture-tool.ts';

const SECRET = randomBytes(32);

const NAME = elicitation('What is your name?', 'name', 'string');
const CONFIRM = elicitation('Is that right?', 'ok', 'boolean');
const COLOUR = elicitation('What is your favourite colour?', 'colour', 'string');
const SAMPLE: JsonObject = {
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: text('What is the capital of France?') }], maxTokens: 50 },
};
const ROOTS: JsonObject = { method: 'roots/list', params: {} };

/** Tools that need something of their client before they can answer (2026-07-28, Multi Round-Trip Requests). */
export const INPUT_TOOLS: readonly FixtureTool[] = [
  inputTool('elicitation', (asked) => collect(asked, { user_name: NAME })),
  inputTool('sampling', (asked) => collect(asked, { capital: SAMPLE })),
  inputTool('list_roots', (asked) => collect(asked, { client_roots: ROOTS })),
  inputTool('request_state', (asked) => collectWithState(asked, { confirm: CONFIRM })),
  inputTool('multiple_inputs', (asked) =>
    collectWithState(asked, { user_name: NAME, greeting: SAMPLE, client_roots: ROOTS }),
  ),
  inputTool('multi_round', multiRound),
  inputTool('tampered_state', (asked) => collectWithState(asked, { confirm: CONFIRM })),
  inputTool('capabilities', (asked) => {
    const capabilities = capabilitiesOf(asked);
    return collect(asked, {
      ...(capabilities['elicitation'] !== undefined && { user_name: NAME }),
      ...(capabilities['sampling'] !== undefined && { capital: SAMPLE }),
    });
  }),
  {
    name: 'test_streaming_elicitation',
    properties: {},
    run: (asked) => collect(asked, { user_name: NAME }),
  },
];

/** Asks for what is missing, or answers with what came. */
export function collect(asked: Asked, inputRequests: JsonObject): Answer {
  const responses = objectIn(asked.params, 'inputResponses');
  const isComplete = Object.keys(inputRequests).every((key) => isObject(responses[key]));
  if (!isComplete) return done({ resultType: 'input_required', inputRequests });
  return done({ content: [text(JSON.stringify(responses))] });
}

function inputTool(name: string, run: (asked: Asked) => Answer): FixtureTool {
  return { name: `test_input_required_result_${name}`, properties: {}, run };
}

/** A state that is not ours is refused, and one round without ours asks again. */
function collectWithState(asked: Asked, inputRequests: JsonObject): Answer {
  const state = openState(asked);
  if (state === 'forged') return failed(-32602, 'Invalid params: expected `requestState` as it was given');
  if (state === null) return require(inputRequests, 'asked');
  return collect(asked, inputRequests);
}

function multiRound(asked: Asked): Answer {
  const state = openState(asked);
  if (state === 'forged') return failed(-32602, 'Invalid params: expected `requestState` as it was given');
  const responses = objectIn(asked.params, 'inputResponses');
  if (state === 'first' && isObject(responses['step1'])) return require({ step2: COLOUR }, 'second');
  if (state === 'second' && isObject(responses['step2'])) return done({ content: [text('Both are known.')] });
  return require({ step1: NAME }, 'first');
}

function require(inputRequests: JsonObject, state: string): Answer {
  return done({ resultType: 'input_required', inputRequests, requestState: `${state}.${sign(state)}` });
}

function openState({ params }: Asked): string | null {
  const sent: Json | undefined = params['requestState'];
  if (sent === undefined) return null;
  const [state = '', signature = '', ...rest] = typeof sent === 'string' ? sent.split('.') : [];
  const [given, genuine] = [Buffer.from(signature), Buffer.from(sign(state))];
  const isOurs = rest.length === 0 && given.length === genuine.length && timingSafeEqual(given, genuine);
  return isOurs ? state : 'forged';
}

function sign(state: string): string {
  return createHmac('sha256', SECRET).update(state).digest('base64url');
}

function elicitation(message: string, name: string, type: string): JsonObject {
  const requestedSchema = { type: 'object', properties: { [name]: { type } }, required: [name] };
  return { method: 'elicitation/create', params: { mode: 'form', message, requestedSchema } };
}
