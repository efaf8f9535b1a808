import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import type { Caller, Gate, Identity } from '../model/index.ts';
import {
  createMcpSession,
  type Exchange,
  type McpSession,
  notificationFrame,
  type Sender,
} from './exchange.ts';
import { errorFrame, PARSE_ERROR, readFrame } from './frame.ts';
import { createMcp, type Mcp } from './mcp.ts';
import { createModern, type Modern } from './modern.ts';
import { ConnectionEra } from './stdio-eras.ts';
import { LineCutter } from './stdio-lines.ts';
import { FrameOutput } from './stdio-output.ts';
import { type Era, type Surface, toolSurface } from './surface.ts';

/** What the stdio door is given. */
export interface StdioOptions {
  readonly gate: Gate;
  readonly identity: Identity;
  readonly input: Readable;
  readonly output: Writable;
  readonly version: string;
  readonly log: (message: string) => void;
}

/** Arguments may have 1 MiB; the rest is for the envelope around them. */
const MAX_FRAME_BYTES = 1024 * 1024 + 64 * 1024;
/** Past this many requests without an answer no more are read. */
const MAX_RUNNING = 1000;
/** How long the last answers wait for a client that ended its side and does not read. */
const FLUSH_MS = 5000;

const TOO_LONG = parseError(`a frame has at most ${MAX_FRAME_BYTES} bytes`);
const NOT_UTF8 = parseError('expected UTF-8');

/**
 * MCP over a pair of streams, one frame a line; the process is the session.
 * `done` resolves when the input ended, or the output broke, and every call that was begun has ended.
 */
export function serveStdio(options: StdioOptions): { done: Promise<void>; close(): Promise<void> } {
  const pipe = new Pipe(options);
  const done = pipe.run();
  return {
    done,
    close() {
      pipe.stop();
      return done;
    },
  };
}

/** One connection over stdio, from the first byte to the last. */
class Pipe {
  private readonly options: StdioOptions;
  private readonly output: FrameOutput;
  private readonly session: McpSession;
  private readonly surface: Surface;
  private readonly modern: Modern;
  private readonly receive: (text: string) => void;
  private isStopped = false;
  private wake: () => void = () => {};

  constructor(options: StdioOptions) {
    const { gate, version, log, identity } = options;
    const surface = toolSurface(gate, 'stdio');
    const modern = createModern({ surface, version, log });
    const mcp = createMcp({ surface, version, log });
    this.options = options;
    this.surface = surface;
    this.modern = modern;
    this.output = new FrameOutput(options.output, () => {
      // Whom nobody can be told of is not asked for any more.
      if (this.output.isBroken) this.stop();
      this.wake();
    });
    const session = createMcpSession({ state: 'new', onSettled: () => this.wake() });
    this.session = session;
    const era = new ConnectionEra(session);
    const process: Caller = { identity, session: randomBytes(16).toString('base64url') };
    const eras: Readonly<Record<Era, { mcp: Mcp; sender: Sender }>> = {
      legacy: { mcp, sender: { session, caller: process } },
      modern: { mcp: modern, sender: { session, caller: { identity, session: null } } },
    };
    const exchange = this.openExchange();
    this.receive = (text) => {
      const frame = readFrame(text);
      const which = era.of(frame, exchange);
      if (which !== null) eras[which].mcp.receive(frame, eras[which].sender, exchange);
    };
  }

  async run(): Promise<void> {
    const stopListening = this.surface.onChange((method) => {
      if (this.session.state === 'open') this.output.writeOnce(notificationFrame(method));
      this.modern.notify(method);
    });
    await this.read();
    stopListening();
    this.modern.endSubscriptions();
    await this.until(() => this.session.running.size === 0);
    await this.output.flush(FLUSH_MS);
  }

  private openExchange(): Exchange {
    const write = (frame: string) => this.output.write(frame);
    return {
      notify: write,
      announce: (frame) => this.output.writeOnce(frame),
      keepAlive: () => {},
      answer: write,
      refuse: (error) => write(errorFrame(error)),
      end: () => {},
      settled: () => {},
    };
  }

  stop(): void {
    this.isStopped = true;
    this.options.input.destroy();
    this.wake();
  }

  private async read(): Promise<void> {
    const cutter = new LineCutter(MAX_FRAME_BYTES);
    try {
      for await (const chunk of this.options.input) {
        const bytes: Buffer = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
        if (!(await this.take(cutter.cut(bytes)))) return;
      }
      await this.take(cutter.rest());
    } catch (error) {
      // `stop` ends the loop by destroying the input, which it reports as an error.
      if (!this.isStopped) this.options.log(`stdin broke: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** Sees to each line as soon as there is room for what it leads to. False: read no further. */
  private async take(lines: Iterable<Buffer | null>): Promise<boolean> {
    for (const line of lines) {
      if (!this.hasRoom()) await this.until(() => this.hasRoom() || this.isOver());
      if (this.isOver()) return false;
      if (line === null) this.output.write(TOO_LONG);
      else if (!isUtf8(line)) this.output.write(NOT_UTF8);
      else if (line.length > 0) this.receive(line.toString());
    }
    return true;
  }

  /** Clients that do not wait for the answer to `initialize` still get it first. */
  private hasRoom(): boolean {
    if (this.session.state === 'opening') return false;
    return this.output.isOpen && this.session.running.size < MAX_RUNNING;
  }

  private isOver(): boolean {
    return this.isStopped || this.output.isBroken;
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

function parseError(expected: string): string {
  return errorFrame({ id: null, code: PARSE_ERROR, message: `Parse error: ${expected}` });
}
