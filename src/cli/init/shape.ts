import type { Json, JsonObject, Path } from '../../model/index.ts';
import { isList, isObject } from '../../policy/paths.ts';
import { looksSecret } from '../../policy/secrets.ts';
import { commentAt } from '../../policy/write-yaml.ts';

/** More values, or names, than these are not listed. */
const MAX_VALUES = 10;
const MAX_NAMES = 50;
const MAX_TEXT = 200;
/** What the audit puts in the place of a secret. */
const FINGERPRINT = /^hmac:/;

type Kind = 'object' | 'list' | 'number' | 'text' | 'boolean' | 'null';

/** What was recorded at one place of a tool's arguments. Never keeps what is, or may be, a secret. */
export class Shape {
  private count = 0;
  private readonly kinds = new Set<Kind>();
  /** null: too many, or one of them may be a secret. */
  private names: Map<string, Shape> | null = new Map();
  private values: Set<string | boolean> | null = new Set();
  private readonly range = { min: Infinity, max: -Infinity, items: 0 };
  private items: Shape | null = null;
  private readonly secretPlaces: readonly Path[];

  /** @param secretPlaces where secrets stand, from this place on. */
  constructor(secretPlaces: readonly Path[]) {
    this.secretPlaces = secretPlaces;
  }

  add(value: Json): void {
    this.count++;
    if (isList(value)) this.addList(value);
    else if (isObject(value)) this.addObject(value);
    else if (typeof value === 'number') this.addNumber(value);
    else if (value === null) this.kinds.add('null');
    else this.addValue(value);
  }

  private addList(list: readonly Json[]): void {
    this.kinds.add('list');
    this.range.items = Math.max(this.range.items, list.length);
    this.items ??= new Shape(this.below('*'));
    for (const item of list) this.items.add(item);
  }

  private addObject(object: JsonObject): void {
    this.kinds.add('object');
    for (const [name, member] of Object.entries(object)) {
      if (FINGERPRINT.test(name) || looksSecret(name) || (this.names?.size ?? 0) >= MAX_NAMES)
        this.names = null;
      if (this.names === null) return;
      const shape = this.names.get(name) ?? new Shape(this.below(name));
      shape.add(member);
      this.names.set(name, shape);
    }
  }

  private addNumber(value: number): void {
    this.kinds.add('number');
    this.range.min = Math.min(this.range.min, value);
    this.range.max = Math.max(this.range.max, value);
  }

  private addValue(value: string | boolean): void {
    this.kinds.add(typeof value === 'string' ? 'text' : 'boolean');
    const isKept = typeof value === 'boolean' || !this.mayBeSecret(value);
    if (isKept) this.values?.add(value);
    if (!isKept || (this.values?.size ?? 0) > MAX_VALUES) this.values = null;
  }

  private mayBeSecret(text: string): boolean {
    const isSecretPlace = this.secretPlaces.some((place) => place.length === 0);
    return isSecretPlace || FINGERPRINT.test(text) || looksSecret(text) || text.length > MAX_TEXT;
  }

  private below(step: string): readonly Path[] {
    return this.secretPlaces.flatMap((place) =>
      place.length === 0 ? [place] : place[0] === step ? [place.slice(1)] : [],
    );
  }

  /** The tightest schema that accepts all of it, and where each bound comes from. */
  schema(path: Path, comments: Map<string, readonly string[]>): JsonObject {
    const [kind] = this.kinds;
    if (this.kinds.size !== 1) return {};
    switch (kind) {
      case 'object':
        return this.objectSchema(path, comments);
      case 'list':
        return { maxItems: this.range.items, ...this.itemsSchema(path, comments) };
      case 'number':
        return { minimum: this.range.min, maximum: this.range.max };
      case 'text':
      case 'boolean':
        return this.valuesSchema();
      default:
        return {};
    }
  }

  private objectSchema(path: Path, comments: Map<string, readonly string[]>): JsonObject {
    if (this.names === null) return {};
    const properties: Record<string, JsonObject> = {};
    for (const [name, shape] of this.names) {
      const at = [...path, 'properties', name];
      properties[name] = shape.schema(at, comments);
      comments.set(commentAt(at), [shape.inWords(this.count)]);
    }
    const required = [...this.names].filter(([, { count }]) => count === this.count).map(([name]) => name);
    return {
      ...(required.length === 0 ? {} : { required }),
      ...(this.names.size === 0 ? {} : { properties }),
      additionalProperties: false,
    };
  }

  private itemsSchema(path: Path, comments: Map<string, readonly string[]>): JsonObject {
    const items = this.items?.schema([...path, 'items'], comments) ?? {};
    return Object.keys(items).length === 0 ? {} : { items };
  }

  private valuesSchema(): JsonObject {
    const values = [...(this.values ?? [])].toSorted();
    if (this.values === null || (values.length > 1 && this.kinds.has('boolean'))) return {};
    return values.length === 1 ? { const: values[0] ?? null } : { enum: values };
  }

  private inWords(calls: number): string {
    const often = this.count === calls ? 'always there' : `there in ${this.count} of ${calls}`;
    return `${often}: ${this.seen()}`;
  }

  private seen(): string {
    const [kind] = this.kinds;
    if (this.kinds.size !== 1 || kind === 'null') return 'of several kinds, so not bounded';
    if (kind === 'object')
      return this.names === null
        ? 'with too many names, or secret ones, to list'
        : 'with no other members than these';
    if (kind === 'list') return `at most ${this.range.items} items`;
    if (kind === 'number') return `from ${this.range.min} to ${this.range.max}`;
    if (this.values === null) return 'secret, or too many values to list';
    return this.values.size === 1 ? 'one value' : `${this.values.size} values`;
  }

  /** The numbers that have a largest value, by their path from here. */
  numbers(path: Path = []): readonly { readonly path: Path; readonly max: number }[] {
    if (this.kinds.size !== 1) return [];
    if (this.kinds.has('number')) return [{ path, max: this.range.max }];
    return [...(this.names ?? [])].flatMap(([name, shape]) => shape.numbers([...path, name]));
  }
}
