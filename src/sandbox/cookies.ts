import type { Request } from './request.ts';

const MINUTE_SECONDS = 60;

/** The cookies that a login or a refresh leaves behind; there is none for a token that was not issued. */
export function tokenCookies(
  request: Request,
  tokens: {
    readonly access: string;
    readonly refresh?: { readonly value: string; readonly minutes: number } | undefined;
  },
): readonly string[] {
  const { access, refresh } = tokens;
  const cookies = [cookie(request, 'access_token', access, null)];
  if (refresh)
    cookies.push(cookie(request, 'refresh_token', refresh.value, refresh.minutes * MINUTE_SECONDS));
  return cookies;
}

/** A cookie that deletes its namesake. */
export function deletedCookie(name: 'access_token' | 'refresh_token'): string {
  return `${name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`;
}

/** `maxAge` in seconds; null makes a session cookie. */
function cookie(request: Request, name: string, value: string, maxAge: number | null): string {
  const age = maxAge === null ? '' : `; Max-Age=${maxAge}`;
  return `${name}=${value}${age}; Path=/; HttpOnly${request.isTls ? '; Secure' : ''}; SameSite=Lax`;
}
