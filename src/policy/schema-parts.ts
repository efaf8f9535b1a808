import type { JsonObject } from '../model/index.ts';

/** A schema for every key, so that one that is missing does not compile. */
export type Members<Key extends string> = Readonly<Record<Key, JsonObject>>;

/** A mapping with these keys and no other. */
export function closed(
  properties: Readonly<Record<string, JsonObject>>,
  description?: string,
  required: readonly string[] = [],
): JsonObject {
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    properties,
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

/** A text that is not empty. */
export function text(description: string): JsonObject {
  return { type: 'string', minLength: 1, description };
}

/** One of a few words. */
export function words(description: string, among: readonly string[]): JsonObject {
  return { description, enum: [...among] };
}

/** A whole number from 1. */
export function integer(maximum: number): JsonObject {
  return { type: 'integer', minimum: 1, maximum };
}

/** What holds of values of which the condition holds. */
export function where(condition: JsonObject, then: JsonObject): JsonObject {
  return { if: condition, then };
}
