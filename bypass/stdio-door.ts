import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import { isRecord, jsonOf, rpcWord } from './answers.ts';
import type { Door } from './door.ts';
import { frameBytes } from './http-doors.ts';

const PATIENCE_MS = 15_000;
const INITIALIZE =
  '{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bypass","version":"0"}}}';

/** A stdio server, started by a command and its environment. */
export async function openStdio(
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Promise<Door> {
  const [program, ...args] = command;
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.stdin.on('error', () => {});
  const talk = new Talk(child);
  await talk.ask(INITIALIZE, '"init"');
  talk.say(Buffer.from('{"jsonrpc":"2.0","method":"notifications/initialized"}'));
  let probes = 0;
  return {
    name: 'stdio',
    async send(step, id) {
      if (!('call' in step || 'frame' in step)) return null;
      const from = talk.lines.length;
      talk.say(frameBytes(step, id));
      if ('call' in step) {
        const said = await talk.answered(id);
        return { word: said === '' ? 'silence' : rpcWord(said), said };
      }
      const probe = `"probe-${probes++}"`;
      await talk.ask(`{"jsonrpc":"2.0","id":${probe},"method":"ping"}`, probe);
      if (step.frame.includes('@ID@') && talk.lines.length === from + 1) await talk.answered(id);
      const said = talk.lines.slice(from).filter((line) => !line.includes('"probe-'));
      return { word: said.map(rpcWord).join(', ') || 'silence', said: said.join('\n') };
    },
    list: () => talk.ask('{"jsonrpc":"2.0","id":"list","method":"tools/list"}', '"list"'),
    async close() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** The lines of a conversation, and who waits for one. */
class Talk {
  readonly lines: string[] = [];
  private readonly waiting = new Map<string, () => void>();
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;

  constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.child = child;
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.lines.push(line);
      this.waiting.get(idOf(line))?.();
    });
  }

  say(bytes: Buffer): void {
    this.child.stdin.write(Buffer.concat([bytes, Buffer.from('\n')]));
  }

  async ask(frame: string, id: string): Promise<string> {
    this.say(Buffer.from(frame));
    return this.answered(id);
  }

  /** The answer to that id, empty where none came in time. */
  async answered(id: string): Promise<string> {
    const find = () => this.lines.findLast((line) => idOf(line) === id);
    if (find() === undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PATIENCE_MS);
        this.waiting.set(id, () => {
          clearTimeout(timer);
          resolve();
        });
      });
      this.waiting.delete(id);
    }
    return find() ?? '';
  }
}

function idOf(line: string): string {
  const message = jsonOf(line);
  return isRecord(message) ? JSON.stringify(message['id']) : '';
}
