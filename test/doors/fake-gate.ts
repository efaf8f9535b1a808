import type { Gate, Json, JsonObject, ListedTool, RawCall } from '../../src/model/index.ts';

/** A gate that records what it is asked. Tools: `echo`, `slow` (until released or aborted), `deaf` (until released), `forward`, `hang` (both, forwarded first), `large` (32 MiB), `none`, `bug`. */
export interface FakeGate extends Gate {
  readonly calls: RawCall[];
  /** How each call ended: `result`, or `aborted`. */
  readonly ended: string[];
  reasons: string[];
  /** Lets the slow calls that wait now go on. */
  release(): void;
  changeTools(): void;
  /** How many listen for changed tools. */
  listening(): number;
}

const TOOL: ListedTool = {
  name: 'echo',
  title: 'Echo',
  description: 'Says what it was told.',
  inputSchema: { type: 'object' },
  outputSchema: { type: 'object' },
  annotations: {
    title: 'Echo',
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
};

/** A fresh one. */
export function createGate(): FakeGate {
  const listeners = new Set<() => void>();
  let releases: (() => void)[] = [];
  const wait = (raw: RawCall) =>
    new Promise<void>((resolve) => {
      releases.push(resolve);
      raw.signal.addEventListener('abort', () => resolve());
    });
  const gate: FakeGate = {
    calls: [],
    ended: [],
    reasons: [],
    async call(raw) {
      gate.calls.push(raw);
      const about = { id: 'call-1', policy: 'digest' };
      if (raw.tool === 'none') return { ...about, ended: 'unknown_tool', tool: raw.tool };
      if (raw.tool === 'bug') throw new Error('a broken promise');
      if (raw.tool === 'forward' || raw.tool === 'hang') raw.onForward?.();
      if (raw.tool === 'slow' || raw.tool === 'hang') await wait(raw);
      if (raw.tool === 'slow') raw.onForward?.();
      if (raw.tool === 'deaf') await new Promise<void>((resolve) => releases.push(resolve));
      gate.ended.push(raw.signal.aborted ? 'aborted' : 'result');
      if (raw.tool === 'large')
        return { ...about, ended: 'result', status: 200, body: 'x'.repeat(32 * 1024 * 1024) };
      const said: Json = raw.args.faults.map((fault) => ({ ...fault }));
      const body: JsonObject = { said: raw.args.value ?? null, faults: said };
      return { ...about, ended: 'result', status: 200, body };
    },
    list: () => [TOOL],
    onToolsChanged(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    notReady: async () => gate.reasons,
    release() {
      for (const release of releases) release();
      releases = [];
    },
    listening: () => listeners.size,
    changeTools() {
      for (const listener of listeners) listener();
    },
  };
  return gate;
}
