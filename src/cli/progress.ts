/** A bar on a terminal that says how far the reading of files is; elsewhere only what must be told. */
export interface Progress {
  /** So many bytes were read. */
  readonly read: (bytes: number) => void;
  /** So many more calls were judged. */
  step(count: number): void;
  /** A line that the bar does not write over. Those beyond the first are counted, and told at the end. */
  tell(line: string): void;
  close(): void;
}

const TOLD = 20;
const EVERY_MS = 200;
const WIDTH = 30;
const CLEAR = '\r\x1b[K';

/**
 * Opens a bar of nothing.
 *
 * @param total of all bytes; null where it is not known.
 */
export function openProgress(out: NodeJS.WriteStream, total: number | null): Progress {
  const isTerminal = out.isTTY === true;
  const begun = performance.now();
  let drawn = begun;
  let [bytes, calls, told] = [0, 0, 0];
  const draw = (now: number) => {
    drawn = now;
    const rate = Math.round((calls * 1000) / Math.max(now - begun, 1));
    const bar = total === null || total === 0 ? '' : `${barOf(bytes / total)} `;
    out.write(`${CLEAR}${bar}${calls.toLocaleString('en-US')} calls, ${rate.toLocaleString('en-US')}/s`);
  };
  return {
    read: (count) => {
      bytes += count;
    },
    step(count) {
      calls += count;
      if (!isTerminal) return;
      const now = performance.now();
      if (now - drawn >= EVERY_MS) draw(now);
    },
    tell(line) {
      told++;
      if (told <= TOLD) out.write(`${isTerminal ? CLEAR : ''}${line}\n`);
    },
    close() {
      if (isTerminal) out.write(CLEAR);
      if (told > TOLD) out.write(`… and ${told - TOLD} more such lines\n`);
    },
  };
}

function barOf(share: number): string {
  const done = Math.min(Math.floor(share * WIDTH), WIDTH);
  return `${'█'.repeat(done)}${'░'.repeat(WIDTH - done)} ${Math.min(Math.floor(share * 100), 100)} %`;
}
