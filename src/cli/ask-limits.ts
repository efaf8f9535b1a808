import type { Claim, Instant, Would } from '../model/index.ts';
import type { Foreseen } from '../policy/foresee.ts';
import type { Ledger } from './ledger.ts';
import type { Ending } from './replayer.ts';

/** What limits of which not everything is known say of a call that passed everything else. */
export interface Answer {
  /** Every way that the call may end. */
  readonly endings: readonly Ending[];
  /** What it takes for certain, where it is certain that it passes; else nothing. */
  readonly taken: readonly Claim[];
  /** What it may take beside that. */
  readonly takenPerhaps: readonly Claim[];
  /** The rules of which it is not known whether their limits are used up. */
  readonly doubtful: readonly string[];
}

/** What may be wrong with the limits at the time of the call, beside what they hold. */
export interface Circumstances {
  readonly isStoreDown: boolean;
  readonly isMisplaced: boolean;
}

type Allow = NonNullable<Foreseen['allow']>;
/** A claim, and whether its counter is used up. */
interface Asked {
  readonly claim: Claim;
  readonly usedUp: 'no' | 'maybe' | 'yes';
}

/** Asks the limits (`pipeline/judge.ts`, with sets in place of values). Nothing is taken yet. */
export function askLimits(ledger: Ledger, allow: Allow, how: Circumstances, at: Instant): Answer {
  const { claims, perhaps, would } = allow;
  if (claims.length + perhaps.length === 0) return passing(would, claims);
  if (how.isStoreDown) {
    const unavailable: Ending = { code: 'limits_unavailable', rule: null, would: null };
    const endings = [unavailable, ...(claims.length === 0 ? would.map(allowedWith) : [])];
    return { endings, taken: [], takenPerhaps: [], doubtful: [] };
  }
  const used = ledger.usedUp(claims, at);
  if (perhaps.length === 0 && used.perhaps.length === 0 && !how.isMisplaced) return passing(would, claims);
  const asked = [
    ...claims.map((claim, i): Asked => {
      const isPerhaps = how.isMisplaced || used.perhaps.includes(i);
      return {
        claim,
        usedUp: !isPerhaps ? 'no' : !how.isMisplaced && used.certain.includes(i) ? 'yes' : 'maybe',
      };
    }),
    ...perhaps.map((claim): Asked => {
      const isPerhaps = how.isMisplaced || ledger.usedUp([claim], at).perhaps.length > 0;
      return { claim, usedUp: isPerhaps ? 'maybe' : 'no' };
    }),
  ];
  return answer(allow, asked);
}

function passing(would: Allow['would'], taken: readonly Claim[]): Answer {
  return { endings: would.map(allowedWith), taken, takenPerhaps: NONE, doubtful: NONE };
}

function answer({ would, observing, perhaps }: Allow, asked: readonly Asked[]): Answer {
  const refusing = upToCertain(asked.filter(({ claim }) => claim.observedRule === null));
  const missed = upToCertain(asked.filter(({ claim }) => claim.observedRule !== null));
  const passes = refusing.at(-1)?.usedUp !== 'yes';
  const wouldOf = (each: Would | null) =>
    each !== null ? [each] : [...missed.map(failureOf), ...(missed.at(-1)?.usedUp === 'yes' ? [] : [null])];
  const endings = [
    ...refusing
      .map(failureOf)
      .flatMap((failure) =>
        observing ? would.map((each) => allowedWith(each ?? failure)) : [{ ...failure, would: null }],
      ),
    ...(passes ? would.flatMap(wouldOf).map(allowedWith) : []),
  ];
  const doubtful = asked.filter(({ usedUp }) => usedUp === 'maybe').map(({ claim }) => claim.rule);
  if (!passes) return { endings, taken: [], takenPerhaps: [], doubtful };
  const held = asked.filter(({ claim }) => worstOf(claim, asked) !== 'yes');
  const isSure = (each: Asked) =>
    refusing.length === 0 && !perhaps.includes(each.claim) && worstOf(each.claim, asked) === 'no';
  return {
    endings,
    taken: held.filter(isSure).map(({ claim }) => claim),
    takenPerhaps: held.filter((each) => !isSure(each)).map(({ claim }) => claim),
    doubtful,
  };
}

/** Claims that may be used up, in order, up to the first that is: none behind it can be the first. */
function upToCertain(asked: readonly Asked[]): readonly Asked[] {
  const certain = asked.findIndex(({ usedUp }) => usedUp === 'yes');
  return asked.slice(0, certain === -1 ? undefined : certain + 1).filter(({ usedUp }) => usedUp !== 'no');
}

/** Of an observed rule all claims are taken or none; any other claim was not used up where the call passed. */
function worstOf({ observedRule }: Claim, asked: readonly Asked[]): Asked['usedUp'] {
  if (observedRule === null) return 'no';
  const own = asked.filter(({ claim }) => claim.observedRule === observedRule).map(({ usedUp }) => usedUp);
  if (own.includes('yes')) return 'yes';
  return own.includes('maybe') ? 'maybe' : 'no';
}

function failureOf({ claim }: Asked): Would {
  return { code: claim.kind === 'calls' ? 'rate_limited' : 'budget_exceeded', rule: claim.rule };
}

const NONE: readonly never[] = [];
/** Nearly every call ends so: it is not made anew for each. */
export const ALLOWED: Ending = { code: 'allowed', rule: null, would: null };

function allowedWith(would: Would | null): Ending {
  return would === null ? ALLOWED : { code: 'allowed', rule: null, would };
}
