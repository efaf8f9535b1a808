/** A line with the lines that belong to it. */
export interface Branch {
  readonly text: string;
  readonly under: readonly Branch[];
}

/** Branches as lines that are drawn as a tree. */
export function treeLines(branches: readonly Branch[], indent = '  '): readonly string[] {
  return branches.flatMap(({ text, under }, i) => {
    const isLast = i === branches.length - 1;
    return [
      `${indent}${isLast ? '└─' : '├─'} ${text}`,
      ...treeLines(under, `${indent}${isLast ? '   ' : '│  '}`),
    ];
  });
}
