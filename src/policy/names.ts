import type { Tool } from '../model/index.ts';

/** Both names of a tool. */
export type Named = Pick<Tool, 'name' | 'operationId'>;

/** Whether a key is a glob: `*` stands for any run of characters, and nothing else is special. */
export function isGlob(key: string): boolean {
  return key.includes('*');
}

/** Whether a tool's name, its operation id, or a glob means this tool. Case matters. */
export function means(key: string, tool: Named): boolean {
  if (!isGlob(key)) return key === tool.name || key === tool.operationId;
  return matchesOf(key)(tool);
}

/** The tools that some of these names mean; null where tools are not known. */
export function meant(names: readonly string[], tools: readonly Tool[] | null): readonly Tool[] | null {
  return tools?.filter((tool) => names.some((name) => means(name, tool))) ?? null;
}

/** What the first name that means a tool stands for; undefined where none does. One step, and one for each glob. */
export function firstMeaning<T>(
  entries: readonly (readonly [name: string, value: T])[],
): (tool: Named) => T | undefined {
  const exact = new Map<string, number>();
  const globs: (readonly [matches: (tool: Named) => boolean, position: number])[] = [];
  entries.forEach(([name], i) => {
    if (isGlob(name)) globs.push([matchesOf(name), i]);
    else if (!exact.has(name)) exact.set(name, i);
  });
  return (tool) => {
    const positions = [
      exact.get(tool.name),
      exact.get(tool.operationId),
      globs.find(([matches]) => matches(tool))?.[1],
    ];
    return entries[Math.min(...positions.map((position) => position ?? Infinity))]?.[1];
  };
}

/** Matches piece by piece from the left: linear, whatever the glob. */
function matchesOf(glob: string): (tool: Named) => boolean {
  const pieces = glob.split(/\*+/);
  const first = pieces[0] ?? '';
  const last = pieces[pieces.length - 1] ?? '';
  const between = pieces.slice(1, -1);
  const matches = (text: string): boolean => {
    if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
      return false;
    let at = first.length;
    for (const piece of between) {
      const found = text.indexOf(piece, at);
      if (found === -1 || found + piece.length > text.length - last.length) return false;
      at = found + piece.length;
    }
    return at <= text.length - last.length;
  };
  return ({ name, operationId }) => matches(name) || matches(operationId);
}
