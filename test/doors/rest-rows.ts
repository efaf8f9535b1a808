import { operations } from '../../src/catalog/operations.ts';
import { toRestRoutes } from '../../src/catalog/rest.ts';
import { type RestRequest, toArgs } from '../../src/doors/rest-args.ts';
import type { Json, SentArgs, Violation } from '../../src/model/index.ts';
import { expect, test } from 'vitest';

/** A request in FusionAuth's own form, and the arguments that it stands for. */
export interface Row {
  readonly name: string;
  readonly of: string;
  readonly sent: Partial<Omit<RestRequest, 'route'>>;
  readonly args: Json;
  readonly faults?: readonly Violation[];
}

const routes = toRestRoutes(operations);

/** The arguments of a request of which only some parts are told. */
export function argsOf(operationId: string, sent: Row['sent']): SentArgs {
  const route = routes.find(({ operation }) => operation.operationId === operationId);
  if (route === undefined) throw new Error(`no route for ${operationId}`);
  return toArgs({ route, params: new Map(), search: '', headers: {}, body: { kind: 'none' }, ...sent });
}

/** One test a row. */
export function testRows(rows: readonly Row[]): void {
  for (const { name, of, sent, args, faults = [] } of rows) {
    test(`REST arguments: ${name}`, () => {
      expect(argsOf(of, sent)).toEqual({ value: args, faults });
    });
  }
}
