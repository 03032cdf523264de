// How an activity is done: as the server says it, or in the reader's language where it is one of the starter catalogue.
import { effect, signal } from "@preact/signals";
import type { Item } from "../api/types";
import { type Language, language } from "./index";

type Steps = Record<string, string>;

const TRANSLATED: Partial<Record<Language, () => Promise<{ default: Steps }>>> = { de: () => import("./steps-de") };

const translated = signal<{ language: Language; steps: Steps } | null>(null);

effect(() => {
  const wanted = language.value;
  // What cannot be fetched now is shown in English.
  TRANSLATED[wanted]?.().then(
    ({ default: steps }) => (translated.value = { language: wanted, steps }),
    () => {},
  );
});

/** The steps, and the language they are in. */
export function stepsOf({ id, steps }: Pick<Item, "id" | "steps">): [string[], Language] {
  const known = translated.value?.language === language.value ? translated.value.steps : {};
  const own = known[id.replace(/^wellbeing:/, "")]?.split("|");
  // Where the operator has changed the steps, the translation is no longer theirs.
  return own?.length === steps.length ? [own, language.value] : [steps, "en"];
}
