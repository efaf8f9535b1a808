import { setTimeout as sleep } from 'node:timers/promises';
import type { ToolCall } from '../../src/doors/surface.ts';
import type { Json, JsonObject } from '../../src/model/index.ts';
import { AUDIO, embedded, IMAGE, text } from './fixture-content.ts';
import { INPUT_TOOLS } from './fixture-input-tools.ts';
import { capabilitiesOf, done, type FixtureTool, failed, metaOf } from './fixture-tool.ts';

const STEP_MS = 20;

const said = (...content: readonly JsonObject[]) => done({ content: [...content] });

/** Tools that say something, wait for something, or ask their client, as the suite's scenarios want them. */
export const FIXTURE_TOOLS: readonly FixtureTool[] = [
  tool('test_simple_text', () => said(text('A simple text.'))),
  tool('test_image_content', () => said(IMAGE)),
  tool('test_audio_content', () => said(AUDIO)),
  tool('test_embedded_resource', () => said(embedded('test://embedded-resource'))),
  tool('test_multiple_content_types', () => said(text('Three kinds.'), IMAGE, embedded('test://mixed'))),
  tool('test_error_handling', () => done({ content: [text('It failed, as it should.')], isError: true })),
  tool('test_tool_with_logging', async (call) => {
    await log(call, ['begun', 'at work', 'ended']);
    return said(text('Logged.'));
  }),
  tool('test_logging_tool', async (call) => {
    await log(call, ['begun', 'ended']);
    return said(text('Logged where that was wanted.'));
  }),
  tool('test_tool_with_progress', async ({ progressToken = null, say }) => {
    for (const progress of [0, 50, 100]) {
      const params = { progressToken, progress, total: 100 };
      if (progressToken !== null) say({ jsonrpc: '2.0', method: 'notifications/progress', params });
      await sleep(STEP_MS);
    }
    return said(text('Done.'));
  }),
  tool('test_missing_capability', (call) => {
    if (capabilitiesOf(call)['sampling'] !== undefined) return said(text('The client can sample.'));
    return failed(-32021, 'Missing required client capability', { requiredCapabilities: { sampling: {} } });
  }),
  tool('test_trigger_tool_change', (_call, { change }) => {
    change('notifications/tools/list_changed');
    return said(text('Told.'));
  }),
  tool('test_trigger_prompt_change', (_call, { change }) => {
    change('notifications/prompts/list_changed');
    return said(text('Told.'));
  }),
  tool(
    'test_sampling',
    async (call, { ask }) => {
      const messages = [{ role: 'user', content: text(argument(call, 'prompt')) }];
      return said(
        text(JSON.stringify(await ask(call, 'sampling/createMessage', { messages, maxTokens: 100 }))),
      );
    },
    { prompt: { type: 'string' } },
  ),
  tool('test_elicitation', (call, peer) => elicit(call, peer, { response: { type: 'string' } }), {
    message: { type: 'string' },
  }),
  tool('test_elicitation_sep1034_defaults', (call, peer) =>
    elicit(call, peer, {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true },
    }),
  ),
  tool('test_elicitation_sep1330_enums', (call, peer) => elicit(call, peer, enums())),
  ...INPUT_TOOLS,
];

function tool(name: string, run: FixtureTool['run'], properties: JsonObject = {}): FixtureTool {
  return { name, properties, run };
}

/** A log message is sent to a client of the modern era only where its request asks for that. */
async function log(call: ToolCall, messages: readonly string[]): Promise<void> {
  const isWanted = call.era === 'legacy' || metaOf(call)['io.modelcontextprotocol/logLevel'] !== undefined;
  for (const data of messages) {
    if (isWanted)
      call.say({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data } });
    await sleep(STEP_MS);
  }
}

async function elicit(call: ToolCall, { ask }: Parameters<FixtureTool['run']>[1], properties: JsonObject) {
  const requestedSchema = { type: 'object', properties };
  const answer = await ask(call, 'elicitation/create', {
    message: argument(call, 'message'),
    requestedSchema,
  });
  return said(text(JSON.stringify(answer)));
}

function argument({ args }: ToolCall, name: string): string {
  const value = typeof args.value === 'object' && args.value !== null ? Object(args.value)[name] : undefined;
  return typeof value === 'string' ? value : 'Please answer.';
}

/** Every way to write a choice (SEP-1330). */
function enums(): JsonObject {
  const plain = ['option1', 'option2', 'option3'];
  const titled: Json = [
    { const: 'value1', title: 'The first' },
    { const: 'value2', title: 'The second' },
    { const: 'value3', title: 'The third' },
  ];
  return {
    untitledSingle: { type: 'string', enum: plain },
    titledSingle: { type: 'string', oneOf: titled },
    legacyEnum: { type: 'string', enum: ['a', 'b', 'c'], enumNames: ['Option A', 'Option B', 'Option C'] },
    untitledMulti: { type: 'array', items: { type: 'string', enum: plain } },
    titledMulti: { type: 'array', items: { anyOf: titled } },
  };
}
