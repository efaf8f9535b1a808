import { answerFrame } from '../../src/doors/frame.ts';
import type { JsonObject, Outcome } from '../../src/model/index.ts';
import { toToolResult } from '../../src/pipeline/respond.ts';

/** What an MCP client is told of an outcome: a result or an error. */
export function toldOf(
  outcome: Outcome,
): { readonly result: JsonObject } | { readonly error: { readonly code: number; readonly message: string } } {
  const { jsonrpc: _, id: __, ...told } = JSON.parse(answerFrame(1, toToolResult(outcome)));
  return told;
}
