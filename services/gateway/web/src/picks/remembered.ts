// The last things that were liked, saved or turned down on this page, for the list on Me.
import { signal } from "@preact/signals";
import type { FeedbackAction, Item, Kind } from "../api/types";
import { remember, remembered } from "../ui/memory";

const KEY = "said";
const KEPT = 200;

export interface Remembered {
  id: string;
  kind: Kind;
  title: string;
  by: string;
  action: FeedbackAction;
}

export const memoryOf = signal<Remembered[]>(parsed(remembered(KEY)));

/** Note what was said about an item, the latest first; no action: it was taken back. */
export function noteSaid({ id, kind, title, creators }: Item, action: FeedbackAction | undefined) {
  const others = memoryOf.value.filter((each) => each.id !== id);
  const entry = action && { id, kind, title, by: creators.join(", "), action };
  memoryOf.value = (entry ? [entry, ...others] : others).slice(0, KEPT);
  remember(KEY, JSON.stringify(memoryOf.value));
}

export function forgetSaid() {
  memoryOf.value = [];
  remember(KEY, null);
}

function parsed(text: string | null): Remembered[] {
  try {
    const kept: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}
