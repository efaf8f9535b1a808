/** What tenants, projects and clients are called: ASCII, so that no two spellings look the same, and no `:`, which `sub` has. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** The same in words. */
export const NAME_WORDS =
  'a name of 1 to 128 letters, digits, `.`, `_` and `-` that begins with a letter or digit';

/** A scope as OAuth has it (RFC 6749 section 3.3): it is joined with others by spaces. */
export const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]{1,256}$/;

const MAX_EMAIL = 254;

/** Whether a text is an email as directories spell it: in lower case, in normal form C, with one `@`. */
export function isEmail(text: string): boolean {
  return (
    text.length <= MAX_EMAIL &&
    text === text.normalize('NFC').toLowerCase() &&
    /^[^\s\p{C}@]+@[^\s\p{C}@]+$/u.test(text)
  );
}
