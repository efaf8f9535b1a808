import type { Json, Path } from '../model/index.ts';

/** `args.body.roles[0]` -> root and path; null where the text is not `root(.name|[n])+`. */
export function parsePath(text: string): { readonly root: string; readonly path: Path } | null {
  const match = /^([^.[\]]+)((?:\.[^.[\]]+|\[(?:0|[1-9][0-9]{0,8})\])+)$/.exec(text);
  if (match === null) return null;
  const [, root = '', rest = ''] = match;
  const path = Array.from(
    rest.matchAll(/\.([^.[\]]+)|\[([0-9]+)\]/g),
    ([, name, index]) => name ?? Number(index),
  );
  return { root, path };
}

/** The value at a path, own members only; undefined where it is missing or null. */
export function valueAt(root: Json | undefined, path: Path): Json | undefined {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = isList(value) ? memberOfList(value, step) : memberOfObject(value, step);
  }
  return value ?? undefined;
}

function memberOfList(list: readonly Json[], step: string | number): Json | undefined {
  return typeof step === 'number' ? list[step] : undefined;
}

function memberOfObject(object: Readonly<Record<string, Json>>, step: string | number): Json | undefined {
  return typeof step === 'string' && Object.hasOwn(object, step) ? object[step] : undefined;
}

/** `Array.isArray` that TypeScript believes of read-only lists. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** An object, and neither a list nor null. */
export function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A path in arguments as messages show it, for example `args.body.roles[0]`.
 * A name that no argument could have is shown as `…`: whatever an agent puts there may be a secret.
 */
export function writePath(root: string, path: Path): string {
  let text = root;
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += PLAIN_NAME.test(step) ? `.${step}` : '.…';
  }
  return text;
}

const PLAIN_NAME = /^(?:[A-Za-z]{1,24}|__proto__)$/;
