import type { Position, Problem } from '../../model/index.ts';
import { Report } from '../located.ts';

/**
 * What becomes of a part of a foreign policy.
 *
 * - `same` it means here what it meant there
 * - `differs` it is written, and means something else here
 * - `left_out` it is about a tool that there is not here
 * - `refused` it cannot be said here; where a rule could not, calls are denied in its place
 */
export type Fate = 'same' | 'differs' | 'left_out' | 'refused';

export interface Finding {
  readonly fate: Fate;
  readonly code: string;
  readonly message: string;
  readonly at: Position;
}

/** Why a part cannot be said here, in words. */
export interface Refusal {
  readonly refused: string;
  readonly code: string;
  readonly at: Position;
}

export function isRefusal<T extends object>(read: T | Refusal): read is Refusal {
  return 'refused' in read;
}

/** Collects what becomes of the parts of one file; what is no policy of any dialect is reported as in our own. */
export class Findings {
  readonly report = new Report();
  private readonly found: Finding[] = [];
  private readonly told = new Set<string>();

  add(fate: Fate, at: Position, code: string, message: string): void {
    this.found.push({ fate, code, message, at });
  }

  /** Said of a file once, where it first matters. */
  once(fate: Fate, at: Position, code: string, message: string): void {
    if (this.told.has(code)) return;
    this.told.add(code);
    this.add(fate, at, code, message);
  }

  /** How much was said so far. */
  get count(): number {
    return this.found.length;
  }

  /** Intercept gives back what a refused call cost. */
  tellOfFailedCalls(at: Position): void {
    const words =
      'a call that FusionAuth refuses keeps its charge here; only what never arrived is given back';
    this.once('differs', at, 'failed_calls', words);
  }

  refuse({ at, code, refused }: Refusal): void {
    this.add('refused', at, code, refused);
  }

  /** Why the file as a whole cannot be read; empty where it can. */
  unreadable(): readonly Finding[] {
    return this.report
      .inOrder()
      .map(({ code, message, at }: Problem) => ({ fate: 'refused', code, message, at }));
  }

  inOrder(): readonly Finding[] {
    return this.found.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  }
}
