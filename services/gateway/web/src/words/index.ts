// What the page says, in the reader's language.
import { computed, signal } from "@preact/signals";
import { remember, remembered } from "../ui/memory";
import { de } from "./de";
import { en, type Words } from "./en";

export type { Words };

const LANGUAGES = { en, de } satisfies Record<string, Words>;

export type Language = keyof typeof LANGUAGES;

export const LANGUAGE_NAMES = Object.entries(LANGUAGES).map(
  ([code, words]) => [code as Language, words.language] as const,
);

/** The first of the wanted languages that there is; English where there is none. */
export function bestLanguage(wanted: readonly string[]): Language {
  const known = wanted.map((tag) => tag.toLowerCase().split("-")[0] ?? "").find((code) => code in LANGUAGES);
  return (known as Language | undefined) ?? "en";
}

export const language = signal<Language>(bestLanguage([remembered("language") ?? "", ...navigator.languages]));
export const words = computed<Words>(() => LANGUAGES[language.value]);

export function speak(chosen: Language) {
  language.value = chosen;
  remember("language", chosen);
}

export function percent(share: number): string {
  return new Intl.NumberFormat(language.value, { style: "percent", maximumFractionDigits: 0 }).format(share);
}

export function decimal(value: number, digits = 1): string {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(language.value, options).format(value);
}

export function clock(moment: Date): string {
  return new Intl.DateTimeFormat(language.value, { timeStyle: "short" }).format(moment);
}

export function day(moment: Date): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: "long" }).format(moment);
}

export function moment(when: Date): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "short" }).format(when);
}

/** A duration in its largest whole unit: "40 sec", "3 min", "2 hr". */
export function duration(seconds: number): string {
  const [value, unit] =
    seconds < 60 ? [seconds, "second"] : seconds < 3 * 3600 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
  return new Intl.NumberFormat(language.value, { style: "unit", unit, unitDisplay: "short" }).format(Math.floor(value));
}
