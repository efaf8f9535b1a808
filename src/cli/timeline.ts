/** Something that happened at a time. */
export interface Timed {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Of what happened at the same time, the lower comes first. */
  readonly rank: number;
}

/** What happened, in the order of time, as long as it comes nearly so. */
export interface Timeline<T extends Timed> {
  readonly length: number;
  add(each: T): void;
  /** The earliest, where it is not later than `until`; it leaves the line. */
  take(until: number): T | null;
}

/** How many empty places may stay in front before they are cleared away. */
const MAX_TAKEN = 1024;

/** Opens an empty line. What comes later than all before costs one step, what comes early a few more. */
export function openTimeline<T extends Timed>(): Timeline<T> {
  const line: (T | undefined)[] = [];
  let taken = 0;
  return {
    get length() {
      return line.length - taken;
    },
    add(each) {
      let place = line.length;
      for (let before = line[place - 1]; before !== undefined && place > taken; before = line[place - 1]) {
        if (!isBefore(each, before)) break;
        place--;
      }
      if (place === line.length) line.push(each);
      else line.splice(place, 0, each);
    },
    take(until) {
      const first = line[taken];
      if (first === undefined || first.at > until) return null;
      line[taken] = undefined;
      taken++;
      if (taken > MAX_TAKEN && taken * 2 > line.length) {
        line.splice(0, taken);
        taken = 0;
      }
      return first;
    },
  };
}

function isBefore(a: Timed, b: Timed): boolean {
  return a.at === b.at ? a.rank < b.rank : a.at < b.at;
}
