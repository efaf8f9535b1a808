import type { Answer } from './answers.ts';
import type { Attack, DoorName, ReadyTheme, Step } from './attack.ts';
import { trespasses } from './forbidden.ts';
import type { Target } from './own-proxy.ts';
import { openUpstream, type Upstream } from './upstream.ts';

/** How one attack on one door went. */
export interface Result {
  readonly attack: Attack;
  readonly door: DoorName;
  /** What arrived or was said although it may not; an attack is repelled where this is empty. */
  readonly trespasses: readonly string[];
  /** Answers that are not those that the attack's data expect. */
  readonly surprises: readonly string[];
  readonly answers: readonly string[];
}

/** Opens a proxy for a theme and a door, before an upstream. */
export type OpenTarget = (theme: ReadyTheme, door: DoorName, upstream: string) => Promise<Target>;

/**
 * Tries every attack of a theme on doors, side by side, each with an upstream of its own (on `port`; 0 for any).
 * Throws where an innocent call does not arrive.
 */
export async function tryTheme(
  theme: ReadyTheme,
  {
    doors,
    open,
    port,
  }: { readonly doors: readonly DoorName[]; readonly open: OpenTarget; readonly port: number },
): Promise<readonly Result[]> {
  const results = doors.map(async (door) => {
    const upstream = await openUpstream(port);
    try {
      return await tryDoor(theme, door, { open, upstream });
    } finally {
      await upstream.close();
    }
  });
  return (await Promise.all(results)).flat();
}

async function tryDoor(
  theme: ReadyTheme,
  door: DoorName,
  { open, upstream }: { readonly open: OpenTarget; readonly upstream: Upstream },
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let target: Target | null = null;
  try {
    for (const attack of theme.attacks) {
      if (!attack.steps.some((step) => isFor(step, door))) continue;
      if (target === null || theme.fresh) {
        await target?.close();
        target = await open(theme, door, upstream.url);
        await control(target, upstream);
      }
      results.push(await tryOut(attack, theme, { target, upstream }));
    }
    return results;
  } finally {
    await target?.close();
  }
}

function isFor(step: Step, door: DoorName): boolean {
  if ('act' in step) return false;
  if ('call' in step || 'frame' in step) return door !== 'rest';
  if ('raw' in step) return step.to === door;
  return door === ('http' in step ? 'http' : 'rest');
}

let nextId = 1000;

/** An innocent call must arrive, or what follows shows nothing. */
async function control({ door }: Target, upstream: Upstream): Promise<void> {
  const before = upstream.arrivals.length;
  const step: Step =
    door.name === 'rest'
      ? { rest: { method: 'GET', target: '/v1/api/jwt/public-key' }, expect: 'result' }
      : { call: 'fusionauth-retrievejwtpublickey', expect: 'result' };
  const answer = await door.send(step, `${nextId++}`);
  if (upstream.arrivals.length === before) {
    throw new Error(
      `${door.name}: the innocent call did not arrive; it was answered ${answer?.word}: ${answer?.said}`,
    );
  }
}

async function tryOut(
  attack: Attack,
  theme: ReadyTheme,
  { target, upstream }: { readonly target: Target; readonly upstream: Upstream },
): Promise<Result> {
  const before = upstream.arrivals.length;
  const answers: Answer[] = [];
  const surprises: string[] = [];
  for (const step of attack.steps) {
    if ('act' in step) {
      await target.act(step.act);
      continue;
    }
    const got = await sendAll(step, target);
    const expected = typeof step.expect === 'string' ? [step.expect] : step.expect;
    answers.push(...got);
    surprises.push(
      ...got
        .filter(({ word }) => !expected.includes(word))
        .map(({ word, said }) => `${word}: ${said.slice(0, 300)}`),
    );
  }
  const listed = theme.never_says === undefined ? '' : await target.door.list();
  const said = [...answers.map((answer) => answer.said), listed].join('\n').toLowerCase();
  const leaks = (theme.never_says ?? []).filter((word) => said.includes(word.toLowerCase()));
  return {
    attack,
    door: target.door.name,
    trespasses: [
      ...trespasses(upstream.arrivals.slice(before), theme.forbidden),
      ...leaks.map((word) => `an answer or the list says \`${word}\``),
    ],
    surprises,
    answers: answers.map(({ word }) => word),
  };
}

async function sendAll(step: Exclude<Step, { act: unknown }>, { door }: Target): Promise<readonly Answer[]> {
  const answers: (Answer | null)[] = [];
  const sendOne = () => door.send(step, `${nextId++}`);
  const times = Array.from({ length: step.times ?? 1 });
  if (step.at_once) answers.push(...(await Promise.all(times.map(sendOne))));
  else for (const _ of times) answers.push(await sendOne());
  return answers.filter((answer) => answer !== null);
}
