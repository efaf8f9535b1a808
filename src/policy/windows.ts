/** The calendar windows of the language, in UTC, by their length in milliseconds. */
export const CALENDAR_MS: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** The word for a calendar window of this length. */
export function calendarWord(ms: number): string {
  return Object.keys(CALENDAR_MS).find((word) => CALENDAR_MS[word] === ms) ?? `${ms} ms`;
}
