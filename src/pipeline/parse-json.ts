import type { Json, Path } from '../model/index.ts';
import { isExact } from '../policy/numbers.ts';

/** What can be wrong with JSON text that still has a value. */
export interface Fault {
  readonly path: Path;
  readonly why: 'duplicate_key' | 'forbidden_key' | 'too_deep' | 'number_out_of_range' | 'not_unicode';
}

export type ParsedJson =
  | {
      readonly ok: true;
      readonly value: Json;
      readonly faults: readonly Fault[];
      /** Size in UTF-8 bytes of the text of the value at `watch`; 0 where there is none. */
      readonly watchedBytes: number;
    }
  | { readonly ok: false; readonly why: string; readonly at: number };

/** Levels of nesting below the watched value, itself the first. */
export const MAX_LEVELS = 128;
/** Faults past this many are not listed; one is enough to refuse. */
const MAX_FAULTS = 100;
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
const SHORTEST_FORBIDDEN = 9;

/**
 * RFC 8259 text -> its value and its faults, in one pass. It exists because `JSON.parse` hides duplicate keys:
 * a proxy that judges the last of two must not be followed by a reader that takes the first.
 *
 * @param text the whole text; a byte-order mark is not JSON.
 * @param watch path of the value whose size and depth are bounded, for example `['params', 'arguments']`.
 * @param at where the text stands in a value that did not come as one text; faults and depth count from that value.
 * Never throws; nesting costs no stack beyond `watch.length + 128` levels.
 */
export function parseJson(
  text: string,
  watch: readonly string[] = [],
  at: readonly string[] = [],
): ParsedJson {
  const reader = new Reader(text, watch, at);
  try {
    const value = reader.document();
    return { ok: true, value, faults: reader.faults, watchedBytes: reader.watchedBytes };
  } catch (error) {
    if (error instanceof NotJson) return { ok: false, why: error.message, at: error.at };
    throw error;
  }
}

class NotJson extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** A cursor over the text. Its life is one `parseJson`. */
class Reader {
  readonly faults: Fault[] = [];
  watchedBytes = 0;
  private at = 0;
  private readonly path: (string | number)[];
  private readonly text: string;
  private readonly watch: readonly string[];

  constructor(text: string, watch: readonly string[], at: readonly string[]) {
    this.text = text;
    this.watch = watch;
    this.path = [...at];
  }

  document(): Json {
    const value = this.value();
    this.space();
    if (this.at < this.text.length) this.fail('expected the end of the text');
    return value;
  }

  private value(): Json {
    this.space();
    const start = this.at;
    const value = this.unmeasured();
    if (this.isWatched()) {
      this.watchedBytes = Math.max(this.watchedBytes, Buffer.byteLength(this.text.slice(start, this.at)));
    }
    return value;
  }

  private unmeasured(): Json {
    switch (this.text.charCodeAt(this.at)) {
      case OPEN_OBJECT:
        return this.tooDeep() ? this.skip() : this.object();
      case OPEN_LIST:
        return this.tooDeep() ? this.skip() : this.list();
      case QUOTE:
        return this.checkedString();
      case 0x74:
        return this.word('true', true);
      case 0x66:
        return this.word('false', false);
      case 0x6e:
        return this.word('null', null);
      default:
        return this.number();
    }
  }

  private object(): Json {
    const object: Record<string, Json> = {};
    this.at++;
    if (this.closes(CLOSE_OBJECT)) return object;
    for (;;) {
      this.space();
      if (this.text.charCodeAt(this.at) !== QUOTE) this.fail('expected a key in double quotes');
      const key = this.string();
      this.path.push(key);
      const kept = this.checkKey(key, object);
      this.expect(COLON, 'expected `:` after a key');
      const value = this.value();
      if (kept) object[key] = value;
      this.path.pop();
      if (this.closes(CLOSE_OBJECT)) return object;
      this.expect(COMMA, 'expected `,` or `}`');
    }
  }

  /** Whether the member may enter the object: the first of two equal keys does, a forbidden one never. */
  private checkKey(key: string, object: Record<string, Json>): boolean {
    if (!key.isWellFormed()) this.fault('not_unicode');
    if (key.length >= SHORTEST_FORBIDDEN && FORBIDDEN.has(key)) {
      this.fault('forbidden_key');
      return false;
    }
    if (Object.hasOwn(object, key)) {
      this.fault('duplicate_key');
      return false;
    }
    return true;
  }

  private list(): Json {
    const list: Json[] = [];
    this.at++;
    if (this.closes(CLOSE_LIST)) return list;
    for (;;) {
      this.path.push(list.length);
      list.push(this.value());
      this.path.pop();
      if (this.closes(CLOSE_LIST)) return list;
      this.expect(COMMA, 'expected `,` or `]`');
    }
  }

  private checkedString(): string {
    const text = this.string();
    if (!text.isWellFormed()) this.fault('not_unicode');
    return text;
  }

  private string(): string {
    this.at++;
    let text = this.plain();
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === QUOTE) {
        this.at++;
        return text;
      }
      if (code !== BACKSLASH) this.fail('expected a string without control characters, ended by `"`');
      text += this.escape() + this.plain();
    }
  }

  /** Up to what cannot stand for itself in a string (RFC 8259, section 7), or the end of the text. */
  private plain(): string {
    const { text, at: start } = this;
    let at = start;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE || code === BACKSLASH || code < SPACE) break;
    }
    this.at = at;
    return text.slice(start, at);
  }

  private escape(): string {
    const letter = this.text.charAt(this.at + 1);
    if (letter === 'u') {
      const hex = this.text.slice(this.at + 2, this.at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.fail('expected four hex digits after `\\u`');
      this.at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const plain = ESCAPES[letter];
    if (plain === undefined) this.fail('expected an escape that JSON knows');
    this.at += 2;
    return plain;
  }

  private number(): number {
    NUMBER.lastIndex = this.at;
    if (!NUMBER.test(this.text)) this.fail('expected a value');
    const source = this.text.slice(this.at, NUMBER.lastIndex);
    const value = Number(source);
    this.at = NUMBER.lastIndex;
    // A reader with larger numbers, as Java's, would see another one than was judged.
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER && !isExact(value, source))
      this.fault('number_out_of_range');
    return Number.isFinite(value) ? value : 0;
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.fail('expected a value');
    this.at += word.length;
    return value;
  }

  /** Passes over a container that is nested too deeply, without building it; its text must still be balanced. */
  private skip(): null {
    this.fault('too_deep');
    const closers: number[] = [];
    do {
      const code = this.text.charCodeAt(this.at);
      if (code === QUOTE) {
        this.string();
        continue;
      }
      if (code === OPEN_OBJECT) closers.push(CLOSE_OBJECT);
      else if (code === OPEN_LIST) closers.push(CLOSE_LIST);
      else if ((code === CLOSE_OBJECT || code === CLOSE_LIST) && closers.pop() !== code) {
        this.fail('expected brackets that match');
      } else if (Number.isNaN(code)) this.fail('expected the end of an object or list');
      this.at++;
    } while (closers.length > 0);
    return null;
  }

  private tooDeep(): boolean {
    return this.path.length >= this.watch.length + MAX_LEVELS;
  }

  private isWatched(): boolean {
    const { path, watch } = this;
    if (path.length !== watch.length) return false;
    for (let i = 0; i < watch.length; i++) if (path[i] !== watch[i]) return false;
    return true;
  }

  private fault(why: Fault['why']): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push({ path: [...this.path], why });
  }

  private closes(code: number): boolean {
    this.space();
    if (this.text.charCodeAt(this.at) !== code) return false;
    this.at++;
    return true;
  }

  private expect(code: number, message: string): void {
    this.space();
    if (this.text.charCodeAt(this.at) !== code) this.fail(message);
    this.at++;
  }

  private space(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at++;
    }
  }

  private fail(message: string): never {
    throw new NotJson(message, this.at);
  }
}
