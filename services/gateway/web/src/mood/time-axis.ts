// Where the marks of a time axis may lie, and what they are called: no two marks of an axis by the same name.
import { DAY_MS } from "./notes";

const MINUTE_S = 60;
const DAY_S = DAY_MS / 1000;
const WITHIN_A_DAY_S = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((minutes) => minutes * MINUTE_S);

export interface TimeAxis {
  /** The distances from mark to mark that may be chosen, in s. */
  incrs: number[];
  /** A mark's name; its time is in s since 1970. */
  name: (at_s: number) => string;
}

/** Clock times over a day at most, weekdays over more; `span_ms` up to a week. */
export function timeAxis(span_ms: number, language: string): TimeAxis {
  const within = span_ms <= DAY_MS;
  const format = new Intl.DateTimeFormat(language, within ? { timeStyle: "short" } : { weekday: "short" });
  return {
    incrs: within ? WITHIN_A_DAY_S : [DAY_S, 2 * DAY_S],
    name: (at_s) => format.format(at_s * 1000),
  };
}
