import type { Objection } from './http-reply.ts';

/** What a call holds in memory is several times its text. */
const MAX_BYTES = 64 * 1024 * 1024;

/** For what is answered at once. */
export const NOTHING_HELD = (): void => {};

export const NO_ROOM: Objection = {
  status: 503,
  message: 'Service unavailable: the calls that run take all the room there is; try again later',
  headers: { 'retry-after': '1' },
  restCode: 'too_busy',
};

/** Bytes that the bodies of all running calls of a door have: where FusionAuth hangs, calls of many callers pile up. */
export class RunningBytes {
  private readonly most: number;
  private bytes = 0;

  constructor(most = MAX_BYTES) {
    this.most = most;
  }

  /** What lets go of them again, however often it is called; null where there is no room for as many. */
  take(bytes: number): (() => void) | null {
    if (this.bytes + bytes > this.most) return null;
    this.bytes += bytes;
    let held = bytes;
    return () => {
      this.bytes -= held;
      held = 0;
    };
  }
}
