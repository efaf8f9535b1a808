/** Loaded into a process before anything else: tells its parent, when asked, what the process has used so far. */
export interface Usage {
  /** User and system time of all threads. */
  readonly cpuUs: number;
  readonly rssBytes: number;
  /** JavaScript heap and buffers; asked for as `memory`, after a garbage collection. */
  readonly heldBytes: number;
}

process.on('message', (question: 'cpu' | 'memory') => {
  if (question === 'memory') globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const usage: Usage = { cpuUs: user + system, rssBytes: rss, heldBytes: heapUsed + external };
  process.send?.(usage);
});
// Whoever is measured ends when it would have ended anyway.
process.channel?.unref();
