import type { Cancellation } from '../model/index.ts';

/** Tells a call, at most once, that nobody waits for it any more: an `AbortController` and its signal in one. */
export class Cancel implements Cancellation {
  aborted = false;
  private listeners: (() => void)[] = [];

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    const told = this.listeners;
    this.listeners = [];
    for (const listener of told) listener();
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.aborted) this.listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.listeners = this.listeners.filter((one) => one !== listener);
  }
}
