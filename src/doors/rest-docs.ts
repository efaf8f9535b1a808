import { createHash } from 'node:crypto';
import { REFUSALS, restParameters } from '../catalog/openapi.ts';
import { TOKEN, type TokenRoute } from '../catalog/openapi-tokens.ts';
import { argSchema, type RestRoute } from '../catalog/rest.ts';
import type { JsonObject } from '../model/index.ts';

const STYLE = [
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}',
  'h2{margin-top:2.5rem;border-top:1px solid #d0d7de;padding-top:1.5rem}',
  'code,pre{font:14px/1.5 ui-monospace,monospace;background:#f3f5f7;border-radius:4px}',
  'code{padding:.1em .3em}pre{padding:.75rem;overflow:auto}',
  'table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border:1px solid #d0d7de}',
  '@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}code,pre{background:#1c2128}a{color:#79c0ff}}',
].join('\n');

/** The `Content-Security-Policy` of the page: its own style, and nothing else at all. */
export const DOCS_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What documents tell of. */
export interface Documented {
  readonly routes: readonly RestRoute[];
  /** The endpoints of the token service; none where there is no such service. */
  readonly tokens: readonly TokenRoute[];
  readonly version: string;
}

/** The routes as one HTML page that loads nothing. */
export function docsPage({ routes, tokens, version }: Documented): string {
  const rows = routes.map(
    ({ operation, path }) =>
      `<tr><td><a href="#${toHtml(operation.operationId)}"><code>${operation.method} ${toHtml(path)}</code></a></td>` +
      `<td>${toHtml(operation.title)}</td><td>${operation.kind}</td></tr>`,
  );
  const tokenRows = tokens.map(
    ({ operationId, path, title }) =>
      `<tr><td><a href="#${operationId}"><code>POST ${toHtml(path)}</code></a></td>` +
      `<td>${toHtml(title)}</td><td>token</td></tr>`,
  );
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>Portcullis ${toHtml(version)}</title><style>${STYLE}</style></head><body>`,
    `<h1>Portcullis ${toHtml(version)}</h1>`,
    '<p>FusionAuth’s JWT and logout APIs behind a policy: method, query and body are FusionAuth’s own.',
    'The same as <a href="/openapi.json">OpenAPI 3.1</a>.</p>',
    `<table><tr><th>request</th><th>does</th><th>kind</th></tr>${[...rows, ...tokenRows].join('')}</table>`,
    ...routes.map(section),
    ...tokens.map(tokenSection),
    '<h2>Refusals</h2>',
    `<table><tr><th>status</th><th>when</th></tr>${Object.entries(REFUSALS)
      .map(([status, when]) => `<tr><td>${status}</td><td>${toProse(when)}</td></tr>`)
      .join('')}</table>`,
    '</body></html>',
    '',
  ].join('\n');
}

function section(route: RestRoute): string {
  const { operation, path, takesJwt, hasResult } = route;
  const body = argSchema(operation, 'body');
  return [
    `<h2 id="${toHtml(operation.operationId)}">${toHtml(operation.title)}</h2>`,
    `<p><code>${operation.method} ${toHtml(path)}</code> · <code>${toHtml(operation.operationId)}</code>` +
      ` · MCP tool <code>${toHtml(operation.name)}</code></p>`,
    `<p>${toProse(operation.description)}</p>`,
    takesJwt ? '<p>Takes the JWT that it is about in <code>Authorization: Bearer</code>.</p>' : '',
    parameters(route),
    body === null ? '' : `<p>Body, JSON${orForm(route)}:</p>${schema(body)}`,
    hasResult ? `<p>Result:</p>${schema(operation.outputSchema)}` : '<p>The result has no body.</p>',
  ].join('\n');
}

function tokenSection({ operationId, path, title, body, takesToken }: TokenRoute): string {
  return [
    `<h2 id="${operationId}">${toHtml(title)}</h2>`,
    `<p><code>POST ${toHtml(path)}</code> · <code>${operationId}</code></p>`,
    takesToken
      ? '<p>Takes a token that this service gave to the client before in <code>Authorization: Bearer</code>.</p>'
      : '',
    `<p>Body, JSON:</p>${schema(body)}`,
    `<p>Result:</p>${schema(TOKEN)}`,
  ].join('\n');
}

function parameters(route: RestRoute): string {
  const rows = restParameters(route).map(
    ({ name, in: place, required, description }) =>
      `<tr><td><code>${toHtml(name)}</code></td><td>${place}${required ? ', required' : ''}</td>` +
      `<td>${toProse(description)}</td></tr>`,
  );
  if (rows.length === 0) return '';
  return `<table><tr><th>parameter</th><th>in</th><th>meaning</th></tr>${rows.join('')}</table>`;
}

function orForm({ operation: { form } }: RestRoute): string {
  return form.length === 0 ? '' : `, or a form with ${form.map((name) => `<code>${name}</code>`).join(', ')}`;
}

function schema(value: JsonObject): string {
  return `<details><summary>JSON Schema</summary><pre>${toHtml(JSON.stringify(value, null, 2))}</pre></details>`;
}

function toProse(text: string): string {
  return toHtml(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

function toHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
