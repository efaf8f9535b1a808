import { randomBytes, randomUUID } from 'node:crypto';
import type { Draft, JsonObject } from './json.ts';
import { existing, type RefreshToken, type User, type World } from './world.ts';

/** A token's spent values past this many are forgotten, so that a long-lived one stays small. */
const MAX_SPENT = 1000;
/** What one listing shows at most. */
const MAX_LISTED = 1000;
const MINUTE = 60_000;

/** What a new token starts from; absent members are taken from the clock or drawn at random. */
export interface NewRefreshToken {
  readonly user: User;
  /** null: a single sign-on token. */
  readonly applicationId: string | null;
  readonly id?: string | undefined;
  readonly token?: string | undefined;
  readonly insertInstant?: number | undefined;
  readonly startInstant?: number | undefined;
  /** Seconds. */
  readonly authTime?: number | undefined;
  readonly metaData?: JsonObject | undefined;
}

/** Makes a token and files it. */
export function addRefreshToken(world: World, row: NewRefreshToken): RefreshToken {
  const insertInstant = row.insertInstant ?? world.now();
  const startInstant = row.startInstant ?? insertInstant;
  const token: RefreshToken = {
    id: row.id ?? randomUUID(),
    userId: row.user.id,
    tenantId: row.user.tenantId,
    applicationId: row.applicationId,
    insertInstant,
    startInstant,
    token: row.token ?? newValue(),
    authTime: row.authTime ?? Math.floor(startInstant / 1000),
    metaData: row.metaData ?? { device: { lastAccessedInstant: insertInstant } },
    spent: new Map(),
  };
  const { byId, byValue, byUser } = world.refreshTokens;
  byId.set(token.id, token);
  byValue.set(token.token, token);
  byUser.set(token.userId, (byUser.get(token.userId) ?? new Set()).add(token));
  return token;
}

/** The live token whose current value this is, or null. */
export function liveByValue(world: World, value: string): RefreshToken | null {
  const token = world.refreshTokens.byValue.get(value);
  return token !== undefined && token.token === value && isLive(world, token) ? token : null;
}

/** The live token with this id, or null. */
export function liveById(world: World, id: string): RefreshToken | null {
  const token = world.refreshTokens.byId.get(id);
  return token !== undefined && isLive(world, token) ? token : null;
}

/** A user's live tokens, newest first, at most 1000. */
export function liveOfUser(world: World, userId: string): readonly RefreshToken[] {
  const tokens = [...(world.refreshTokens.byUser.get(userId) ?? [])].reverse();
  return tokens
    .filter((token) => isLive(world, token))
    .sort((a, b) => b.insertInstant - a.insertInstant)
    .slice(0, MAX_LISTED);
}

/** Forgets a token and every value it had. */
export function removeRefreshToken(world: World, token: RefreshToken): void {
  const { byId, byValue, byUser } = world.refreshTokens;
  byId.delete(token.id);
  byValue.delete(token.token);
  for (const value of token.spent.keys()) byValue.delete(value);
  const ofUser = byUser.get(token.userId);
  ofUser?.delete(token);
  if (ofUser?.size === 0) byUser.delete(token.userId);
}

/** Gives a token a new value; the old one is remembered as spent. */
export function rotate(world: World, token: RefreshToken): void {
  token.spent.set(token.token, world.now());
  token.token = newValue();
  world.refreshTokens.byValue.set(token.token, token);
  const [oldest] = token.spent.keys();
  if (token.spent.size > MAX_SPENT && oldest !== undefined) {
    token.spent.delete(oldest);
    world.refreshTokens.byValue.delete(oldest);
  }
}

/** Whether the token can still be used. */
export function isLive(world: World, token: RefreshToken): boolean {
  return world.now() < expiresAt(world, token);
}

/** A token as the API shows it, live secret and all. */
export function shown(token: RefreshToken): { readonly [name: string]: Draft } {
  return {
    applicationId: token.applicationId ?? undefined,
    id: token.id,
    insertInstant: token.insertInstant,
    metaData: { data: {}, scopes: ['offline_access'], ...token.metaData },
    startInstant: token.startInstant,
    tenantId: token.applicationId === null ? token.tenantId : undefined,
    token: token.token,
    userId: token.userId,
  };
}

function expiresAt(world: World, token: RefreshToken): number {
  if (token.applicationId === null) {
    return token.startInstant + existing(world.tenants, token.tenantId).httpSessionMaxInactiveInterval * 1000;
  }
  const { jwt } = existing(world.applications, token.applicationId);
  const end = token.startInstant + jwt.refreshTokenTimeToLiveInMinutes * MINUTE;
  // A sliding window moves `startInstant`, so that only the maximum lifetime needs a rule of its own.
  if (jwt.refreshTokenExpirationPolicy !== 'SlidingWindowWithMaximumLifetime') return end;
  return Math.min(end, token.insertInstant + jwt.maximumTimeToLiveInMinutes * MINUTE);
}

/** 64 characters in plain Base64: `+` and `/` occur, as in older FusionAuth, so a caller that does not encode fails. */
function newValue(): string {
  return randomBytes(48).toString('base64');
}
