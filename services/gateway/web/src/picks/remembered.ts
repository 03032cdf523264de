// The last things that were liked, saved or turned down on this page, for the list on Me.
import { keptList } from "../account/kept";
import type { FeedbackAction, Item, Kind } from "../api/types";

const KEPT = 200;

export interface Remembered {
  id: string;
  kind: Kind;
  title: string;
  by: string;
  action: FeedbackAction;
}

const kept = keptList<Remembered>("said");

export const memoryOf = kept.list;

/** Note what was said about an item, the latest first; no action: it was taken back. */
export function noteSaid({ id, kind, title, creators }: Item, action: FeedbackAction | undefined) {
  const others = memoryOf.value.filter((each) => each.id !== id);
  const entry = action && { id, kind, title, by: creators.join(", "), action };
  kept.keep((entry ? [entry, ...others] : others).slice(0, KEPT));
}

export function forgetSaid() {
  kept.keep([]);
}
