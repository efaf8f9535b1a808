import type { RestRoute } from '../catalog/rest.ts';

/** A route that a path leads to, and what stands in the path for its parameters, still encoded. */
export interface Match {
  readonly route: RestRoute;
  readonly params: ReadonlyMap<string, string>;
}

/** A path -> the routes that it leads to, one for each method. */
export type FindRoutes = (path: string) => readonly Match[];

/**
 * Compares a path with those of the routes, byte by byte: nothing is decoded, collapsed or trimmed before, so no
 * spelling of one path leads to another. A parameter may be empty, and is then an empty argument.
 */
export function routeFinder(routes: readonly RestRoute[]): FindRoutes {
  const patterns = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  return (path) =>
    patterns.flatMap(({ route, pattern }) => {
      const match = pattern.exec(path);
      if (match === null) return [];
      const params = new Map(route.pathArgs.map((name, i) => [name, match[i + 1] ?? '']));
      return [{ route, params }];
    });
}

function patternOf(path: string): RegExp {
  const literal = (text: string) => text.replaceAll(/[.*+?^$()|[\]\\/-]/g, '\\$&');
  return new RegExp(
    `^${path
      .split(/\{\w+\}/)
      .map(literal)
      .join('([^/]*)')}$`,
  );
}
