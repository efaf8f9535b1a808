import { operations } from '../catalog/operations.ts';
import type { Gate, Outcome } from '../model/index.ts';
import type { Granted, TokenKind, TokenService } from '../model/tokens.ts';

/** Counts of calls by tool and code, and how long they took, as Prometheus reads them (text format 0.0.4). */
export interface Metrics {
  /** The same gate, its calls counted. */
  count(gate: Gate): Gate;
  /** The same token service, its answers counted. */
  countTokens(service: TokenService): TokenService;
  text(): string;
}

/** Upper bounds in seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Opens counters at zero. Labels come from the catalog and tables of codes, so they are few. */
export function openMetrics(): Metrics {
  const known = new Set(operations.map(({ name }) => name));
  /** By tool, which is empty where none is known, and code. */
  const calls = new Map<string, Map<string, number>>();
  const tokens = new Map<string, number>();
  /** How many calls took at most that long, and longer than the bound before. */
  const buckets = BUCKETS.map(() => 0);
  let seconds = 0;
  let count = 0;

  const note = (tool: string, code: string, took: number) => {
    // A hidden tool counts as one that does not exist.
    const counted = code !== 'unknown_tool' && known.has(tool) ? tool : '';
    const byCode = calls.get(counted) ?? new Map<string, number>();
    calls.set(counted, byCode.set(code, (byCode.get(code) ?? 0) + 1));
    const bucket = BUCKETS.findIndex((bound) => took <= bound);
    if (bucket !== -1) buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    seconds += took;
    count++;
  };

  const noteToken = async (endpoint: string, kind: TokenKind, granted: Promise<Granted>) => {
    const labels = `endpoint="auth/${kind}/${endpoint}",outcome="${(await granted).ended}"`;
    tokens.set(labels, (tokens.get(labels) ?? 0) + 1);
    return granted;
  };

  return {
    countTokens: (service) => ({
      ...service,
      generate: (ask) => noteToken('generateToken', ask.kind, service.generate(ask)),
      exchange: (ask) => noteToken('oidcToken', ask.kind, service.exchange(ask)),
    }),
    count: (gate) => ({
      ...gate,
      call(raw) {
        const begun = performance.now();
        const counted = (outcome: Outcome) => {
          note(raw.tool, codeOf(outcome), (performance.now() - begun) / 1000);
          return outcome;
        };
        const outcome = gate.call(raw);
        return outcome instanceof Promise ? outcome.then(counted) : counted(outcome);
      },
    }),
    text: () =>
      [
        '# HELP portcullis_calls_total Calls of tools by how they ended.',
        '# TYPE portcullis_calls_total counter',
        ...Array.from(calls).flatMap(([tool, byCode]) =>
          Array.from(
            byCode,
            ([code, value]) => `portcullis_calls_total{tool="${tool}",code="${code}"} ${value}`,
          ),
        ),
        '# HELP portcullis_tokens_total Requests for tokens by how they ended.',
        '# TYPE portcullis_tokens_total counter',
        ...Array.from(tokens, ([labels, value]) => `portcullis_tokens_total{${labels}} ${value}`),
        '# HELP portcullis_call_duration_seconds How long calls took, FusionAuth included.',
        '# TYPE portcullis_call_duration_seconds histogram',
        ...BUCKETS.map((bound, i) => {
          const value = buckets.slice(0, i + 1).reduce((sum, each) => sum + each, 0);
          return `portcullis_call_duration_seconds_bucket{le="${bound}"} ${value}`;
        }),
        `portcullis_call_duration_seconds_bucket{le="+Inf"} ${count}`,
        `portcullis_call_duration_seconds_sum ${seconds}`,
        `portcullis_call_duration_seconds_count ${count}`,
        '# HELP portcullis_resident_memory_bytes Memory of the process.',
        '# TYPE portcullis_resident_memory_bytes gauge',
        `portcullis_resident_memory_bytes ${process.memoryUsage.rss()}`,
        '',
      ].join('\n'),
  };
}

function codeOf(outcome: Outcome): string {
  switch (outcome.ended) {
    case 'denied':
      return outcome.code;
    case 'result':
      return 'allowed';
    case 'unknown_tool':
      return 'unknown_tool';
    case 'rejected':
      return 'upstream_rejected';
    case 'unavailable':
      return 'upstream_unavailable';
    case 'failed':
      return 'internal_error';
  }
}
