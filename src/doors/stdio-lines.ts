const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Cuts a stream of bytes into lines; of a line past `maxBytes` nothing is kept. Its life is one stream. */
export class LineCutter {
  private readonly maxBytes: number;
  private pieces: Buffer[] = [];
  private bytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** The lines that `chunk` completes, without their line ends; null for one that was too long. */
  *cut(chunk: Buffer): Generator<Buffer | null> {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start);
      if (end === -1) break;
      this.keep(chunk.subarray(start, end));
      yield this.take();
      start = end + 1;
    }
    this.keep(chunk.subarray(start));
  }

  /** What the stream ended with, where the last line has no end. */
  *rest(): Generator<Buffer | null> {
    if (this.bytes > 0) yield this.take();
  }

  private keep(piece: Buffer): void {
    this.bytes += piece.length;
    if (this.bytes > this.maxBytes) this.pieces = [];
    else if (piece.length > 0) this.pieces.push(piece);
  }

  private take(): Buffer | null {
    const isTooLong = this.bytes > this.maxBytes;
    const [first] = this.pieces;
    const line = this.pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.pieces);
    this.pieces = [];
    this.bytes = 0;
    if (isTooLong) return null;
    return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
  }
}
