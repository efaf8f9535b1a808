/** In milliseconds. */
export const SECOND = 1000;
/** The letters of a duration, in milliseconds. */
export const UNITS: Readonly<Record<string, number>> = {
  s: SECOND,
  m: 60 * SECOND,
  h: 3600 * SECOND,
  d: 86_400 * SECOND,
};
