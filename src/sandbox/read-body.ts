import { general, invalidJson, type Reply, refused } from './errors.ts';
import { firstWrongType, type Shape } from './fields.ts';
import { isObject, type Json, type JsonObject, readJson } from './json.ts';
import type { Request } from './request.ts';

/** What an operation reads from the body. */
export interface BodyRule {
  readonly shape: Shape;
  /** Whether a body must be there, may also be a form, or never leads to a refusal. */
  readonly when: 'required' | 'optional' | 'optional or form' | 'lenient';
}

/** The body's two forms; both null where there was none. */
export interface Body {
  readonly json: JsonObject | null;
  readonly form: URLSearchParams | null;
}

const EMPTY: Body = { json: null, form: null };

/** The body's text -> its value, or the refusal. */
export function parseBody(request: Request, rule: BodyRule | null): Body | { readonly refusal: Reply } {
  if (rule === null) return EMPTY;
  const read = strictly(request, rule);
  return rule.when === 'lenient' && 'refusal' in read ? EMPTY : read;
}

function strictly(request: Request, rule: BodyRule): Body | { readonly refusal: Reply } {
  if (request.body === '') return rule.when === 'required' ? { refusal: noBody } : EMPTY;
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (rule.when === 'optional or form' && type === 'application/x-www-form-urlencoded') {
    return { json: null, form: new URLSearchParams(request.body) };
  }
  if (type !== 'application/json') return { refusal: wrongContentType };
  const value = jsonOrWhy(request.body);
  if ('why' in value) return { refusal: notJson('Unexpected processing exception', value.why) };
  if (value.json === null) return rule.when === 'required' ? { refusal: noBody } : EMPTY;
  if (!isObject(value.json)) return { refusal: notJson('Possible conversion error', 'not an object') };
  const wrong = firstWrongType(rule.shape, value.json);
  return wrong ? { refusal: refused([wrong]) } : { json: value.json, form: null };
}

/** The refusal where a body must be and is not. */
export const noBody = general('[missing]', 'The JSON request body is required.');
const wrongContentType = general('[InvalidContentType]', 'The Content-Type must be [application/json].');

function notJson(error: string, detail: string): Reply {
  return general('[invalidJSON]', invalidJson('unknown', error, detail));
}

function jsonOrWhy(text: string): { readonly json: Json } | { readonly why: string } {
  try {
    return { json: readJson(text) };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}
