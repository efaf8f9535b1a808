import type { Answer, Asked } from '../../src/doors/surface.ts';
import type { JsonObject } from '../../src/model/index.ts';
import { embedded, IMAGE, text } from './fixture-content.ts';
import { collect } from './fixture-input-tools.ts';
import { done, failed, objectIn } from './fixture-tool.ts';

const RESOURCES = new Map<string, JsonObject>([
  ['test://static-text', { mimeType: 'text/plain', text: 'Text that stays as it is.' }],
  ['test://static-binary', { mimeType: 'image/png', blob: String(IMAGE['data']) }],
  ['test://watched-resource', { mimeType: 'text/plain', text: 'Text that could change.' }],
]);
const TEMPLATE = /^test:\/\/template\/([^/]+)\/data$/;

const message = (content: JsonObject): JsonObject => ({ role: 'user', content });

/** A prompt: the names of its arguments, and what it says with them. */
interface Prompt {
  readonly takes: readonly string[];
  readonly say: (args: JsonObject) => readonly JsonObject[];
}

const PROMPTS = new Map<string, Prompt>([
  ['test_simple_prompt', { takes: [], say: () => [message(text('A simple prompt.'))] }],
  [
    'test_prompt_with_arguments',
    {
      takes: ['arg1', 'arg2'],
      say: (args) => [message(text(`The arguments are ${args['arg1']} and ${args['arg2']}.`))],
    },
  ],
  [
    'test_prompt_with_embedded_resource',
    {
      takes: ['resourceUri'],
      say: (args) => [message(embedded(String(args['resourceUri']))), message(text('Read this.'))],
    },
  ],
  ['test_prompt_with_image', { takes: [], say: () => [message(IMAGE), message(text('Look at this.'))] }],
  ['test_input_required_result_prompt', { takes: [], say: () => [message(text('With context.'))] }],
]);

const CONTEXT: JsonObject = {
  method: 'elicitation/create',
  params: {
    mode: 'form',
    message: 'In which context?',
    requestedSchema: { type: 'object', properties: { context: { type: 'string' } }, required: ['context'] },
  },
};

/** The suite's resources, prompts and completions, by method; `legacy` ones are gone in 2026-07-28. */
export const FEATURES: ReadonlyMap<string, { legacy?: true; answer: (asked: Asked) => Answer }> = new Map([
  ['resources/list', { answer: () => done({ resources: listResources() }) }],
  ['resources/templates/list', { answer: () => done({ resourceTemplates: [template()] }) }],
  ['resources/read', { answer: readResource }],
  ['resources/subscribe', { legacy: true as const, answer: () => done({}) }],
  ['resources/unsubscribe', { legacy: true as const, answer: () => done({}) }],
  ['prompts/list', { answer: () => done({ prompts: listPrompts() }) }],
  ['prompts/get', { answer: getPrompt }],
  ['completion/complete', { answer: () => done({ completion: { values: [], total: 0, hasMore: false } }) }],
]);

function listResources(): JsonObject[] {
  return [...RESOURCES].map(([uri, { mimeType = null }]) => ({ uri, name: uri.slice(7), mimeType }));
}

function template(): JsonObject {
  return { uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' };
}

function readResource({ era, params }: Asked): Answer {
  const uri = String(params['uri']);
  const [, id] = TEMPLATE.exec(uri) ?? [];
  const content =
    id === undefined ? RESOURCES.get(uri) : { mimeType: 'application/json', text: JSON.stringify({ id }) };
  if (content !== undefined) return done({ contents: [{ uri, ...content }] });
  return failed(era === 'modern' ? -32602 : -32002, 'Resource not found', { uri });
}

function listPrompts(): JsonObject[] {
  return [...PROMPTS].map(([name, { takes }]) => ({
    name,
    description: `The prompt ${name}.`,
    arguments: takes.map((argument) => ({ name: argument, required: true })),
  }));
}

function getPrompt(asked: Asked): Answer {
  const name = String(asked.params['name']);
  const prompt = PROMPTS.get(name);
  if (prompt === undefined) return failed(-32602, 'Invalid params: expected the name of a prompt');
  if (name === 'test_input_required_result_prompt') {
    const collected = collect(asked, { user_context: CONTEXT });
    if ('result' in collected && collected.result['resultType'] === 'input_required') return collected;
  }
  return done({ messages: [...prompt.say(objectIn(asked.params, 'arguments'))] });
}
