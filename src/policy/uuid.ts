const LENGTH = 36;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID, in any spelling of its letters; normal form has them in lower case. */
export function isUuid(text: string): boolean {
  return text.length === LENGTH && UUID.test(text);
}
