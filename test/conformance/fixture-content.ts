import type { JsonObject } from '../../src/model/index.ts';

/** One red pixel. */
export const IMAGE: JsonObject = {
  type: 'image',
  mimeType: 'image/png',
  data: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC',
};

/** A WAV file without samples. */
export const AUDIO: JsonObject = {
  type: 'audio',
  mimeType: 'audio/wav',
  data: 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=',
};

/** Text as content. */
export function text(value: string): JsonObject {
  return { type: 'text', text: value };
}

/** A text file as content. */
export function embedded(uri: string): JsonObject {
  return { type: 'resource', resource: { uri, mimeType: 'text/plain', text: `What stands in ${uri}.` } };
}
