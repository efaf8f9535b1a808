import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import type { Body } from './http-body.ts';
import { isJson, MAX_BODY_BYTES } from './http-checks.ts';
import type { Objection } from './http-reply.ts';

/** The body of a request as text, not parsed yet; `no_text`: it is not UTF-8. */
export type RestBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'no_text' }
  | { readonly kind: 'json' | 'form'; readonly text: string };

const FORM = /^application\/x-www-form-urlencoded(?:[ \t]*;[ \t]*charset="?utf-8"?)?[ \t]*$/i;

/** For a body that is not read to its end. */
export const TOO_LARGE: Objection = {
  status: 413,
  message: `Payload too large: expected at most ${MAX_BODY_BYTES} bytes`,
};
const ENCODED: Objection = {
  status: 415,
  message: 'Unsupported media type: expected no `Content-Encoding`',
};

/**
 * The bytes of a body -> its text and what that is. An empty one is none, whatever its type:
 * FusionAuth's own client sends `text/plain` with nothing in it.
 */
export function toRestBody(
  body: Body,
  headers: IncomingHttpHeaders,
  takesForm: boolean,
): RestBody | Objection {
  if (body === 'too_large') return TOO_LARGE;
  if (body.length === 0) return { kind: 'none' };
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') return ENCODED;
  const type = headers['content-type'];
  const kind = isJson(type) ? 'json' : takesForm && FORM.test(type ?? '') ? 'form' : null;
  if (kind === null) {
    const form = takesForm ? ', or a form,' : '';
    return {
      status: 415,
      message: `Unsupported media type: expected \`Content-Type: application/json\`${form} in UTF-8`,
    };
  }
  return isUtf8(body) ? { kind, text: body.toString() } : { kind: 'no_text' };
}
