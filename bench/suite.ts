/** One figure. A `ratio` is `value` over the reference that was measured in the same run. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** For example `calls/s`, `µs`, `ms`, `KiB`. */
  readonly unit: string;
  readonly ratio?: number;
  /** What the ratio is to, for example `node -e 0`. */
  readonly reference?: string;
}

/** A group of figures that are measured together. Ends by itself, in at most a few minutes. */
export interface Suite {
  readonly name: string;
  readonly about: string;
  run(): Promise<readonly Figure[]>;
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
