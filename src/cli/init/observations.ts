import { operations } from '../../catalog/operations.ts';
import type { AuditRecord, Operation } from '../../model/index.ts';
import type { ParseCall } from '../../pipeline/parse-call.ts';
import { Peaks } from './peaks.ts';
import { Shape } from './shape.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** What was recorded of the allowed calls of one tool. */
export interface ObservedTool {
  readonly operation: Operation;
  calls: number;
  readonly callers: Set<string>;
  /** null: the arguments of a call were not recorded, so that nothing bounds them. */
  shape: Shape | null;
  readonly sessions: Peaks;
  readonly identities: Peaks;
  readonly identitiesAnHour: Peaks;
}

/** Gathers the allowed calls of an audit, in any order. */
export class Observations {
  readonly tools = new Map<string, ObservedTool>();
  readonly callers = new Set<string>();
  readonly totals = { calls: 0, denied: 0, observed: 0, unfinished: 0 };
  readonly span = { from: '', to: '' };
  private readonly intents = new Map<string, AuditRecord>();
  private readonly parse: ParseCall;

  /** @param parse brings arguments into normal form, as the proxy does. */
  constructor(parse: ParseCall) {
    this.parse = parse;
  }

  /** A call is written once as it ended, and before, where it is to be known of whatever happens. */
  add(record: AuditRecord): void {
    if (record.intent === true) {
      this.intents.set(record.id, record);
      return;
    }
    this.intents.delete(record.id);
    if (record.verdict === 'deny') this.totals.denied++;
    else this.allow(record);
  }

  /** Calls whose end nobody saw were allowed. */
  finish(): void {
    this.totals.unfinished = this.intents.size;
    for (const record of this.intents.values()) this.allow(record);
    this.intents.clear();
  }

  private allow(record: AuditRecord): void {
    const operation = operations.find(({ name }) => name === record.tool);
    if (operation === undefined) return;
    const { caller, at } = record;
    const identity = JSON.stringify([
      caller.tenant,
      caller.sub,
      caller.sub === null ? caller.client_id : null,
    ]);
    const session =
      record.transport === 'rest' || caller.session === null ? identity : `${identity} ${caller.session}`;
    const tool = this.tools.get(operation.name) ?? openTool(operation);
    this.tools.set(operation.name, tool);
    tool.calls++;
    tool.callers.add(identity);
    const ms = Date.parse(at);
    tool.sessions.add(session, ms);
    tool.identities.add(identity, ms);
    tool.identitiesAnHour.add(identity, ms);
    this.addArgs(tool, record);
    this.callers.add(identity);
    this.totals.calls++;
    if (record.would !== null) this.totals.observed++;
    if (this.span.from === '' || at < this.span.from) this.span.from = at;
    if (at > this.span.to) this.span.to = at;
  }

  private addArgs(tool: ObservedTool, { tool: name, args, transport }: AuditRecord): void {
    const parsed = this.parse({ tool: name, args: { value: args, faults: [] }, transport });
    if (parsed === null || parsed.call.violations.length > 0) tool.shape = null;
    else tool.shape?.add(parsed.call.args);
  }
}

function openTool(operation: Operation): ObservedTool {
  return {
    operation,
    calls: 0,
    callers: new Set(),
    shape: new Shape(operation.secretArgs),
    sessions: new Peaks(MINUTE_MS),
    identities: new Peaks(MINUTE_MS),
    identitiesAnHour: new Peaks(HOUR_MS),
  };
}
