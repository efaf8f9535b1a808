/** What a proxy answered: a short word to compare, and all that it said. */
export interface Answer {
  /** `result`, a denial's code, `tool error`, `rpc -32602`, `accepted`, `silence`, `closed`; over HTTP with another status `http 400 …`. */
  readonly word: string;
  readonly said: string;
}

/** JSON of a JSON-RPC answer -> what it is. */
export function rpcWord(text: string): string {
  const message = jsonOf(text);
  if (!isRecord(message)) return 'no json';
  if (isRecord(message['error'])) return `rpc ${message['error']['code']}`;
  const result = isRecord(message['result']) ? message['result'] : {};
  if (result['isError'] !== true) return 'result';
  const meta = isRecord(result['_meta']) ? result['_meta'] : {};
  const decision = meta['portcullis/decision'];
  return isRecord(decision) ? String(decision['code']) : 'tool error';
}

/** An HTTP answer of an MCP endpoint -> what it is. */
export function mcpAnswer(status: number, text: string): Answer {
  const data = /^data: ?(.*)$/m.exec(text)?.[1];
  const body = data ?? text;
  if (status === 202) return { word: 'accepted', said: text };
  const word = body === '' ? 'nothing' : rpcWord(body);
  return { word: status === 200 ? word : `http ${status}`, said: text };
}

/** An HTTP answer of a REST door -> what it is. */
export function restAnswer(status: number, text: string): Answer {
  const body = jsonOf(text);
  const code = isRecord(body) && typeof body['code'] === 'string' ? body['code'] : `http ${status}`;
  return { word: status < 300 ? 'result' : code, said: text };
}

/** The text as JSON, undefined where it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a value is an object, not null and not a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
