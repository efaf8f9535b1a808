import { docsTable, toListedTool } from '../catalog/derive.ts';
import { operations } from '../catalog/operations.ts';
import { type ExitCode, exit } from './exit-codes.ts';

/** `portcullis tools`: the catalog as a table, or with all schemas as JSON. */
export function tools(options: { readonly json: boolean }): ExitCode {
  const rows = docsTable(operations);
  if (options.json) {
    const listed = operations.map(toListedTool);
    const all = rows.map((row, i) => ({ ...row, ...listed[i] }));
    process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    return exit.fine;
  }
  const cells = rows.map((row) => [
    row.tool,
    row.operationId,
    row.kind,
    `${row.method} ${row.path}`,
    row.authority,
  ]);
  const table = [['tool', 'operation id', 'kind', 'request', 'authority'], ...cells];
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  for (const row of table) {
    process.stdout.write(
      `${row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
  }
  return exit.fine;
}
