// What the person said of items, and what is believed of their taste: kept by the service, and taken back there.
import { signal } from "@preact/signals";
import { correctTaste, feedback, taste as fetchTaste, undoFeedback } from "../api/client";
import type { Belief, SaidOfItem, Taste, TasteWord } from "../api/types";
import { user } from "../session";
import { refreshSoon, sendHeld } from "./store";

export const opinions = signal<readonly SaidOfItem[] | null>(null);
export const more = signal<string | null>(null);
export const taste = signal<Taste | null>(null);

/** What was said a moment ago is sent first, so that it is among what comes. */
export async function loadOpinions(): Promise<void> {
  await sendHeld();
  const name = user.peek() ?? "me";
  const [page, believed] = await Promise.all([feedback(name), fetchTaste(name)]);
  opinions.value = page.said;
  more.value = page.next_page_token ?? null;
  taste.value = believed;
}

export async function loadMore(): Promise<void> {
  const page = await feedback(user.peek() ?? "me", more.peek() ?? "");
  opinions.value = [...(opinions.peek() ?? []), ...page.said];
  more.value = page.next_page_token ?? null;
}

/** As if it had never been said. */
export async function takeBack({ idempotency_key }: SaidOfItem): Promise<void> {
  await undoFeedback(user.peek() ?? "me", idempotency_key);
  await loadOpinions();
  refreshSoon();
}

/** Ask for more or less of something; a second time takes it back. */
export async function ask({ group, value, word: before }: Belief, word: TasteWord): Promise<void> {
  const said = { group, value, word: word === before ? null : word };
  taste.value = await correctTaste(user.peek() ?? "me", said);
  refreshSoon();
}
