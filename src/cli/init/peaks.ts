import type { Instant } from '../../model/index.ts';

/** The most calls of one subject in any window, and when the last of them was made. */
export interface Peak {
  readonly max: number;
  readonly at: Instant;
}

/** The parts of a sliding window in which calls are counted (policy-language.md, "Windows"). */
const PARTS = 60;

/** Counts the calls of subjects in the parts of one window, in any order of time; memory grows with the parts that have calls. */
export class Peaks {
  private readonly partMs: number;
  private readonly subjects = new Map<string, Map<number, number>>();

  constructor(windowMs: number) {
    this.partMs = windowMs / PARTS;
  }

  add(subject: string, at: Instant): void {
    const counts = this.subjects.get(subject) ?? new Map<number, number>();
    // Twice the part, and one less within it: a call on a boundary sees one part less behind it.
    const exact = 2 * Math.ceil(at / this.partMs);
    const part = at % this.partMs === 0 ? exact : exact - 1;
    counts.set(part, (counts.get(part) ?? 0) + 1);
    this.subjects.set(subject, counts);
  }

  /** Over all subjects: as many as a limit must have so that none of these calls is held back. */
  peak(): Peak {
    let peak: Peak = { max: 0, at: 0 };
    for (const counts of this.subjects.values()) {
      const here = this.peakOf([...counts].toSorted(([a], [b]) => a - b));
      if (here.max > peak.max) peak = here;
    }
    return peak;
  }

  private peakOf(parts: readonly (readonly [part: number, count: number])[]): Peak {
    let [first, sum, peak] = [0, 0, { max: 0, at: 0 }];
    for (const [part, count] of parts) {
      sum += count;
      for (
        let oldest = parts[first];
        oldest !== undefined && !isCounted(oldest[0], part);
        oldest = parts[++first]
      )
        sum -= oldest[1];
      if (sum > peak.max) peak = { max: sum, at: Math.ceil(part / 2) * this.partMs };
    }
    return peak;
  }
}

/** Whether an older call still counts for a newer one: in the part of the newer one, or in one of those behind it. */
function isCounted(older: number, newer: number): boolean {
  return Math.ceil(older / 2) > Math.floor(newer / 2) - PARTS;
}
