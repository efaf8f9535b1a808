/** An error or a warning as `yaml` has it, by its code and where it is. */
interface Told {
  readonly code: string;
  readonly pos: readonly [from: number, to: number];
  readonly message: string;
}

/** What makes a text unreadable. */
export interface Mistake {
  readonly pos: readonly [from: number, to: number];
  readonly message: string;
  /** How many others are not told, since they may follow from this one and those before it. */
  readonly sequels: number;
}

/** Mistakes after which nobody knows what belongs to what: one of them has a hundred others follow from it. */
const OF_STRUCTURE: ReadonlySet<string> = new Set([
  'BAD_INDENT',
  'BLOCK_AS_IMPLICIT_KEY',
  'BLOCK_IN_FLOW',
  'IMPOSSIBLE',
  'MISSING_CHAR',
  'MULTILINE_IMPLICIT_KEY',
  'TAB_AS_INDENT',
  'UNEXPECTED_TOKEN',
]);
/** So many of them are told; the last one knows of the others. */
const TOLD = 2;

/** The mistakes of a text. A tag that YAML does not know is none here: it is reported with its node. */
export function mistakesOf(
  documents: readonly { readonly errors: readonly Told[]; readonly warnings: readonly Told[] }[],
): readonly Mistake[] {
  const all = documents.flatMap(({ errors, warnings }) => [
    ...errors,
    ...warnings.filter(({ code }) => code !== 'TAG_RESOLVE_FAILED'),
  ]);
  const ofStructure = all
    .filter(({ code }) => OF_STRUCTURE.has(code))
    .toSorted((one, other) => one.pos[0] - other.pos[0]);
  const untold = new Set(ofStructure.slice(TOLD));
  const last = ofStructure[TOLD - 1];
  return all
    .filter((each) => !untold.has(each))
    .map((each) => ({
      pos: each.pos,
      message: each.message,
      sequels: each === last ? untold.size : 0,
    }));
}
