import type { Writable } from 'node:stream';

/** The way out of the stdio door: frames, one a line. Its life is that of the stream. */
export class FrameOutput {
  /** Whether the reader takes frames now; false while the stream's buffer is full. */
  isOpen = true;
  /** Whether the reader is gone. */
  isBroken = false;
  private readonly stream: Writable;
  private readonly onChange: () => void;
  /** Frames that wait for the reader, each once. */
  private readonly waiting = new Set<string>();

  /** `onChange` is told when `isOpen` becomes true again and when `isBroken` becomes true. */
  constructor(stream: Writable, onChange: () => void) {
    this.stream = stream;
    this.onChange = onChange;
    stream.on('drain', () => {
      this.isOpen = true;
      for (const frame of this.waiting) this.write(frame);
      this.waiting.clear();
      onChange();
    });
    stream.on('error', () => this.breakOff());
    stream.on('close', () => this.breakOff());
  }

  write(frame: string): void {
    if (!this.isBroken) this.isOpen = this.stream.write(`${frame}\n`);
  }

  /** Writes a frame that says the same however often it is said: while the reader takes none, one of it waits. */
  writeOnce(frame: string): void {
    if (this.isOpen) this.write(frame);
    else this.waiting.add(frame);
  }

  /** Resolves when everything written was taken, the reader is gone, or `waitMs` passed. */
  async flush(waitMs: number): Promise<void> {
    if (this.isBroken || this.stream.writableLength === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      this.stream.write('', done);
      this.stream.once('close', done);
    });
  }

  private breakOff(): void {
    this.isBroken = true;
    this.onChange();
  }
}
