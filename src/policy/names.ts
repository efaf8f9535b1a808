import type { Tool } from '../model/index.ts';

/** Whether a key is a glob: `*` stands for any run of characters, and nothing else is special. */
export function isGlob(key: string): boolean {
  return key.includes('*');
}

/** Whether a tool's name, its operation id, or a glob means this tool. Case matters. */
export function means(key: string, tool: Pick<Tool, 'name' | 'operationId'>): boolean {
  if (!isGlob(key)) return key === tool.name || key === tool.operationId;
  return matchesGlob(key, tool.name) || matchesGlob(key, tool.operationId);
}

/** The tools that some of these names mean; null where tools are not known. */
export function meant(names: readonly string[], tools: readonly Tool[] | null): readonly Tool[] | null {
  return tools?.filter((tool) => names.some((name) => means(name, tool))) ?? null;
}

/** Matches piece by piece from the left: linear, whatever the glob. */
function matchesGlob(glob: string, text: string): boolean {
  const pieces = glob.split('*');
  const first = pieces[0] ?? '';
  const last = pieces[pieces.length - 1] ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found === -1 || found + piece.length > text.length - last.length) return false;
    at = found + piece.length;
  }
  return at <= text.length - last.length;
}
