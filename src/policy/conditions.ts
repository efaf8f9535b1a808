import type { Condition, Json, JsonObject, Path, SeenCondition, Transport } from '../model/index.ts';
import { type Judge, judges, negate, type Truth } from './operators.ts';
import { isList, parsePath, valueAt } from './paths.ts';

/** Everything that conditions can look at, one member a root of the language. */
export interface Roots {
  readonly args: JsonObject;
  readonly identity: JsonObject;
  readonly call: { readonly tool: string; readonly transport: Transport; readonly kind: string | null };
  readonly jwt: JsonObject | null;
  readonly time: { readonly hour: number; readonly weekday: string };
  /** Another one for each call; without it nothing that was seen is remembered. */
  readonly turn?: number;
}

/** A condition made ready: regexes built, paths split. */
export interface PreparedCondition {
  test(roots: Roots): Truth;
  /** What it looked at, as a tree of its groups, for people. */
  look(roots: Roots, show: ShowValue): LookedAt;
  /** The truths that are possible, whatever stands where nothing can be seen; maybe more, never fewer. */
  possible(roots: Roots, unseen: Unseen): ReadonlySet<Truth>;
  /** Where the conditions in it look, each as written. */
  readonly looks: readonly Look[];
}

export interface Look {
  readonly root: string;
  readonly path: Path;
  readonly condition: string;
}

/** What of a call cannot be seen: null where what stands at a path is known, else what may be there. */
export type Unseen = (root: string, path: Path) => 'text' | 'anything' | null;

/** A condition with what it saw and how it held. Secrets, also those of the policy, are fingerprints. */
export type LookedAt = { readonly held: Truth } & (
  | (SingleCondition & { readonly seen?: Json })
  | { readonly group: 'any' | 'all' | 'not'; readonly members: readonly LookedAt[] }
);

/** How a value is shown that stands at a path of a root: secrets become fingerprints. */
export type ShowValue = (root: string, path: Path, value: Json) => Json;

/** Makes a checked condition ready to run. Those that are given the same places look at each of them once a call. */
export function prepareCondition(condition: Condition, places: Places = new Map()): PreparedCondition {
  if ('any' in condition) return group('any', condition.any, places);
  if ('all' in condition) return group('all', condition.all, places);
  if ('not' in condition) return negation(prepareCondition(condition.not, places));
  return single(condition, placeOf(condition.path, places));
}

/** The places that conditions look at, by their paths as written. */
export type Places = Map<string, Place>;

/** Where conditions look. Many rules look at the same few places: what was seen there is kept for the call. */
class Place {
  readonly root: string;
  readonly path: Path;
  private readonly read: (roots: Roots) => Json;
  private turn = -1;
  private seen: Json | undefined;

  constructor(text: string) {
    const { root = '', path = [] } = parsePath(text) ?? {};
    const read = READ.get(root);
    if (read === undefined) throw new Error(`condition on \`${text}\` was not checked`);
    this.root = root;
    this.path = path;
    this.read = read;
  }

  /** The value that stands there; undefined: missing or null. */
  valueIn(roots: Roots): Json | undefined {
    const { turn = -1 } = roots;
    if (turn !== -1 && turn === this.turn) return this.seen;
    this.seen = valueAt(this.read(roots), this.path);
    this.turn = turn;
    return this.seen;
  }
}

function placeOf(text: string, places: Places): Place {
  const place = places.get(text) ?? new Place(text);
  places.set(text, place);
  return place;
}

/** The conditions in a tree that look at a value, for the trace: as written, with what they saw and how they held. */
export function leavesOf(looked: LookedAt): readonly SeenCondition[] {
  if ('group' in looked) return looked.members.flatMap(leavesOf);
  const { seen, held } = looked;
  return [{ condition: conditionText(looked), ...(seen === undefined ? {} : { seen }), held }];
}

/** A condition on one line. */
export function conditionText({ path, op, value }: SingleCondition): string {
  return `${path} ${op} ${JSON.stringify(value)}`;
}

export type SingleCondition = Extract<Condition, { path: string }>;

const ALL_TRUTHS: ReadonlySet<Truth> = new Set<Truth>(['yes', 'no', 'unknown']);
const YES_OR_NO: ReadonlySet<Truth> = new Set<Truth>(['yes', 'no']);
const ONLY: Readonly<Record<Truth, ReadonlySet<Truth>>> = {
  yes: new Set<Truth>(['yes']),
  no: new Set<Truth>(['no']),
  unknown: new Set<Truth>(['unknown']),
};

const READ: ReadonlyMap<string, (roots: Roots) => Json> = new Map([
  ['args', ({ args }) => args],
  ['identity', ({ identity }) => identity],
  ['call', ({ call }) => call],
  ['jwt', ({ jwt }) => jwt],
  ['time', ({ time }) => time],
] satisfies [keyof Roots, (roots: Roots) => Json][]);

function single(condition: SingleCondition, place: Place): PreparedCondition {
  const { root, path } = place;
  const judge = judges[condition.op](condition.value);
  const ofSomeText = truthsOfText(condition.op, judge);
  const test = (roots: Roots) => judge(place.valueIn(roots));
  return {
    test,
    look(roots, show) {
      const seen = place.valueIn(roots);
      return {
        ...condition,
        value: shownOperand(condition, (value) => show(root, path, value)),
        ...(seen === undefined ? {} : { seen: show(root, path, seen) }),
        held: judge(seen),
      };
    },
    possible(roots, unseen) {
      const what = unseen(root, path);
      if (what === null) return ONLY[test(roots)];
      return what === 'text' ? ofSomeText : ALL_TRUTHS;
    },
    looks: [{ root, path, condition: conditionText(condition) }],
  };
}

/** The truths that are possible of a text that is not known. Whether a text can be judged is the same for all. */
function truthsOfText(op: SingleCondition['op'], judge: Judge): ReadonlySet<Truth> {
  const ofOne = judge('text');
  return op === 'exists' || ofOne === 'unknown' ? ONLY[ofOne] : YES_OR_NO;
}

/** What is compared with a secret is one; a pattern or a part of one is none. */
function shownOperand({ op, value }: SingleCondition, show: (value: Json) => Json): Json {
  if (op === 'eq' || op === 'neq') return show(value);
  const isSet = op === 'in' || op === 'not_in' || op === 'subset_of';
  return isSet && isList(value) ? value.map(show) : value;
}

/** The truth of one member that decides a group, whatever the others are. */
const DECIDES = { any: 'yes', all: 'no' } as const;

function group(kind: 'any' | 'all', conditions: readonly Condition[], places: Places): PreparedCondition {
  const members = conditions.map((each) => prepareCondition(each, places));
  const decisive = DECIDES[kind];
  const test = (roots: Roots) => {
    let truth = negate(decisive);
    for (const member of members) {
      truth = join(truth, member.test(roots), decisive);
      if (truth === decisive) return truth;
    }
    return truth;
  };
  return {
    test,
    look: (roots, show) => ({
      group: kind,
      members: members.map((member) => member.look(roots, show)),
      held: test(roots),
    }),
    possible: (roots, unseen) =>
      members
        .map((member) => member.possible(roots, unseen))
        .reduce<ReadonlySet<Truth>>(
          (left, right) =>
            new Set(Array.from(left, (a) => Array.from(right, (b) => join(a, b, decisive))).flat()),
          new Set([negate(decisive)]),
        ),
    looks: members.flatMap(({ looks }) => looks),
  };
}

function negation(member: PreparedCondition): PreparedCondition {
  const test = (roots: Roots) => negate(member.test(roots));
  return {
    test,
    look: (roots, show) => ({ group: 'not', members: [member.look(roots, show)], held: test(roots) }),
    possible: (roots, unseen) => new Set(Array.from(member.possible(roots, unseen), negate)),
    looks: member.looks,
  };
}

/** Two members of a group that `decisive` decides as one. */
function join(a: Truth, b: Truth, decisive: Truth): Truth {
  if (a === decisive || b === decisive) return decisive;
  return a === 'unknown' || b === 'unknown' ? 'unknown' : a;
}
