/** A write that takes longer is an outage; what became of it is known when it ends. */
const STALL_MS = 5_000;

/** Watches writes, one at a time: nobody waits for ever for a disk or a reader that takes nothing. */
export class StallWatch {
  /** Whether a write is under way that takes too long. */
  stalled = false;
  private readonly onStall: (why: Error) => void;
  private readonly listeners = new Set<() => void>();

  constructor(onStall: (why: Error) => void) {
    this.onStall = onStall;
  }

  async watch<T>(writing: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.begin(), STALL_MS);
    try {
      return await writing;
    } finally {
      clearTimeout(timer);
      this.stalled = false;
    }
  }

  /** Resolves once a write stalls. */
  next(): Promise<void> {
    if (this.stalled) return Promise.resolve();
    return new Promise((resolve) => this.listeners.add(resolve));
  }

  private begin(): void {
    this.stalled = true;
    this.onStall(new Error(`nothing was taken for ${STALL_MS / 1000} seconds`));
    for (const listener of this.listeners) listener();
    this.listeners.clear();
  }
}
