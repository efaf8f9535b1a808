import type { Answer } from './answers.ts';
import type { DoorName, Step } from './attack.ts';

/** A way into a proxy, open. */
export interface Door {
  readonly name: DoorName;
  /** Sends one step; null where this door has no such thing. */
  send(step: Step, id: string): Promise<Answer | null>;
  /** All that the door says of its tools. */
  list(): Promise<string>;
  close(): Promise<void>;
}
