import { serveJson } from './serve-json.ts';

/** The reference of denials: `node:http` that reads JSON and answers with JSON of the size of a denial. */
const result = JSON.parse(process.env['BENCH_RESULT'] ?? '{}');

serveJson(({ id }) => JSON.stringify({ jsonrpc: '2.0', id, result }));
