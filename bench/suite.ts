/** One figure. A `ratio` is `value` over the reference that was measured in the same run. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** For example `calls/s`, `µs`, `ms`, `KiB`. */
  readonly unit: string;
  readonly ratio?: number;
  /** What the ratio is to, for example `node -e 0`. */
  readonly reference?: string;
  /** What this figure should come to; where it has none it is there to be known. */
  readonly target?: Target;
}

/** A bound on a figure's value or on its ratio. */
export type Target = { readonly of: 'value' | 'ratio' } & (
  | { readonly atLeast: number }
  | { readonly atMost: number }
);

/** How a run is bounded, and what stands beside ours. */
export interface BenchOptions {
  /** One short round of everything: to see that it works, not to be quoted. */
  readonly quick: boolean;
  /** Also what takes many minutes, such as the growth over two million calls. */
  readonly long: boolean;
  /** MCP servers that run already and are measured with the same load. */
  readonly peers: readonly { readonly name: string; readonly url: string }[];
}

/** A group of figures that are measured together. Ends by itself, in at most a few minutes. */
export interface Suite {
  readonly name: string;
  readonly about: string;
  run(options: BenchOptions): Promise<readonly Figure[]>;
}

/** Whether a figure comes to its target; null where it has none. */
export function meets({ value, ratio, target }: Figure): boolean | null {
  if (target === undefined) return null;
  const measured = target.of === 'value' ? value : (ratio ?? Number.NaN);
  return 'atLeast' in target ? measured >= target.atLeast : measured <= target.atMost;
}

/** The middle of several measurements. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that a share `q` (0 to 1) of several measurements does not exceed. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * q), sorted.length - 1)] ?? Number.NaN;
}
