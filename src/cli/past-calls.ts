import type { AuditRecord } from '../model/index.ts';
import { type CallLine, readCallLine } from './call-line.ts';
import { CommandError, exit } from './exit-codes.ts';
import { asRecord, readAuditLine, readObject } from './recorded-calls.ts';
import { type OnBytes, type TextLine, textLines } from './text-lines.ts';
import { openTimeline, type Timed } from './timeline.ts';

interface Place {
  readonly file: string;
  readonly line: number;
}

interface InRecord extends Place {
  readonly record: AuditRecord;
  /** When the call began and ended, milliseconds since the epoch. */
  readonly at: number;
  readonly endedAt: number;
}

/** What files of records and of call lines hold, in the order of time. */
export type Past =
  /** `isMisplaced`: it came so late that the calls around it are gone by. */
  | (InRecord & { readonly what: 'record'; readonly isMisplaced: boolean })
  /** An intent that no second record followed: a call that was made, and nobody saw its end. */
  | (InRecord & { readonly what: 'unended' })
  /** An intent that another record tells the end of: no call of its own. */
  | { readonly what: 'intent' }
  | (Place & { readonly what: 'call'; readonly call: CallLine; readonly at: number })
  /** A line of the token service: about a token, not a call. */
  | { readonly what: 'token' }
  | (Place & { readonly what: 'problem'; readonly problem: string })
  /** Nobody knows which calls were made up to a time: there is a line that may have told of one. */
  | { readonly what: 'gap'; readonly until: number };

/**
 * Records are written as calls end, but limits are asked as they begin: a record waits until all that began before it
 * should be there. FusionAuth is given 12 seconds to answer; the audit may take a while to write.
 */
const PATIENCE_MS = 15_000;
/** A record does not wait behind more than these, so that memory does not grow with traffic. */
const MAX_WAITING = 50_000;
const MAX_WAITING_CHARACTERS = 64 * 1024 * 1024;

/** Reads files of audit records or of call lines, oldest first, and puts what they hold in order; many at a time. */
export async function* pastCalls(
  files: readonly string[],
  onBytes?: OnBytes,
): AsyncGenerator<readonly Past[]> {
  const queue = new Queue();
  const doubt = new Doubt();
  for await (const lines of textLines(files, onBytes)) {
    for (const each of lines) {
      const problem = 'problem' in each ? each.problem : addLine(queue, each);
      if (problem !== null) queue.addProblem(each, problem);
      doubt.add(each, problem);
    }
    // Nobody is told of lines that may be told of as a whole.
    if (!doubt.isOpen) yield queue.takeReady();
  }
  doubt.end();
  yield queue.takeAll();
}

/** What a line of an audit has one of, and a call line never. */
const IN_AUDIT = ['verdict', 'lost', 'event'];

/** Adds what a line tells; answers what is wrong with one that tells nothing. */
function addLine(queue: Queue, line: RecordLine): string | null {
  const { text } = line;
  const plain = readAuditLine(text);
  if (plain !== null) return queue.addRecord(line, plain);
  const value = readObject(text);
  if (typeof value !== 'string' && IN_AUDIT.some((name) => Object.hasOwn(value, name))) {
    const read = asRecord(value);
    if ('about' in read) return queue.addToken();
    return 'record' in read ? queue.addRecord(line, read.record) : read.problem;
  }
  const call = readCallLine(text);
  if (call.ok) return queue.addCall(line, call.value);
  return typeof value === 'string' ? value : `neither a record nor a call: ${call.error}`;
}

/** After so many lines of which none can be used, a file is taken for another than was meant. */
const MAX_DOUBTFUL = 10;

/** Whether a file is one of records or of calls at all: else nobody wants to be told of each of its lines. */
class Doubt {
  private file: string | null = null;
  private first: { readonly line: number; readonly problem: string } | null = null;
  private doubtful = 0;
  private isCertain = false;

  get isOpen(): boolean {
    return !this.isCertain;
  }

  /** Throws where the file is none. */
  add({ file, line }: Place, problem: string | null): void {
    if (file !== this.file) this.begin(file);
    if (this.isCertain) return;
    this.isCertain = problem === null;
    if (problem === null) return;
    this.first ??= { line, problem };
    if (++this.doubtful === MAX_DOUBTFUL) this.end();
  }

  /** The end of a file. Throws where nothing in it could be used. */
  end(): void {
    if (this.isCertain || this.first === null) return;
    const { line, problem } = this.first;
    const what = `\`${this.file}\` holds neither records of an audit nor calls`;
    throw new CommandError(`${what}; line ${line}: ${problem}`, exit.usage);
  }

  private begin(file: string): void {
    this.end();
    this.file = file;
    this.first = null;
    this.doubtful = 0;
    this.isCertain = false;
  }
}

type RecordPast = Extract<Past, { what: 'record' }>;
/** `characters` is how long its line is. */
type Waiting = RecordPast & Timed & { readonly characters: number };
type RecordLine = Extract<TextLine, { text: string }>;

/** Puts what is read in order. Its life is one reading. */
class Queue {
  private readonly timeline = openTimeline<Waiting>();
  /** Calls that mint or revoke have two records: the ids of those waiting, and whether the second is there. */
  private readonly ended = new Map<string, boolean>();
  private waitingCharacters = 0;
  private latestEnd = Number.NEGATIVE_INFINITY;
  /** Whatever began before this was answered already. */
  private passed = Number.NEGATIVE_INFINITY;
  private isBehindGap = false;
  private callAt: number | null = null;
  private ready: Past[] = [];

  /** What nothing that is still to come can stand before. */
  takeReady(): readonly Past[] {
    const { ready } = this;
    this.ready = [];
    return ready;
  }

  /** All there is left. */
  takeAll(): readonly Past[] {
    this.release(Number.POSITIVE_INFINITY);
    return this.takeReady();
  }

  addToken(): null {
    this.ready.push({ what: 'token' });
    return null;
  }

  /** What a line may have told of happened up to the end of the call that the next line tells of. */
  addProblem({ file, line }: Place, problem: string): void {
    this.isBehindGap = true;
    this.ready.push({ what: 'problem', file, line, problem });
    if (Number.isFinite(this.latestEnd)) this.ready.push({ what: 'gap', until: this.latestEnd });
  }

  addRecord({ file, line, text }: RecordLine, record: AuditRecord): null {
    const at = Date.parse(record.at);
    const endedAt = at + Math.max(record.ms, 0);
    const isMisplaced = at < this.passed;
    const rank = rankOf(record);
    if (this.isBehindGap) this.ready.push({ what: 'gap', until: endedAt });
    this.isBehindGap = false;
    if (endedAt > this.latestEnd) this.latestEnd = endedAt;
    const isIntent = record.intent === true;
    const characters = text.length;
    const past: Waiting = { what: 'record', file, line, record, at, endedAt, isMisplaced, rank, characters };
    if (isMisplaced) {
      this.ready.push(isIntent ? { what: 'gap', until: at } : past);
      return null;
    }
    this.note(record.id, isIntent);
    this.timeline.add(past);
    this.waitingCharacters += characters;
    this.release(this.latestEnd - PATIENCE_MS);
    return null;
  }

  /** Call lines stand in the order of time already. */
  addCall({ file, line }: Place, call: CallLine): string | null {
    const at = call.at ?? this.callAt ?? Date.now();
    if (this.callAt !== null && at < this.callAt)
      return 'expected `at` not before the time of the last decided line';
    if (call.settledAt !== null && call.settledAt < at) return 'expected `settled_at` not before `at`';
    this.callAt = at;
    this.ready.push({ what: 'call', file, line, call, at });
    return null;
  }

  private note(id: string, isIntent: boolean): void {
    if (!isIntent && this.ended.size > 0 && this.ended.has(id)) this.ended.set(id, true);
    else if (isIntent && !this.ended.has(id)) this.ended.set(id, false);
  }

  private release(until: number): void {
    for (;;) {
      const isFull = this.timeline.length > MAX_WAITING || this.waitingCharacters > MAX_WAITING_CHARACTERS;
      const next = this.timeline.take(isFull ? Number.POSITIVE_INFINITY : until);
      if (next === null) return;
      this.waitingCharacters -= next.characters;
      this.passed = next.at;
      this.ready.push(next.record.intent === true ? this.intentOf(next) : next);
    }
  }

  private intentOf(past: RecordPast): Past {
    const { id } = past.record;
    const isEnded = this.ended.get(id) === true;
    this.ended.delete(id);
    return isEnded ? { what: 'intent' } : { ...past, what: 'unended' };
  }
}

/**
 * Within one millisecond nothing tells which call came first. An intent does before its call, and what was allowed
 * before what was denied: it was there already when a limit was used up.
 */
function rankOf({ intent, verdict }: AuditRecord): number {
  if (intent === true) return 0;
  return verdict === 'allow' ? 1 : 2;
}
