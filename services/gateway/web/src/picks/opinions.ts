// What the person said of items, and what is believed of their taste: kept by the service, and taken back there.
import { correctTaste, feedback, taste as fetchTaste, undoFeedback } from "../api/client";
import type { Belief, SaidOfItem, Taste, TasteWord } from "../api/types";
import { personal, user } from "../session";
import { refreshSoon, sendHeld, unsay } from "./store";

export const opinions = personal<readonly SaidOfItem[] | null>(null);
export const more = personal<string | null>(null);
export const taste = personal<Taste | null>(null);

/** What was said a moment ago is sent first, so that it is among what comes. */
export async function loadOpinions(): Promise<void> {
  await sendHeld();
  const name = user.peek();
  const [page, believed] = await Promise.all([feedback(name ?? "me"), fetchTaste(name ?? "me")]);
  if (user.peek() !== name) return;
  opinions.value = page.said;
  more.value = page.next_page_token ?? null;
  taste.value = believed;
}

export async function loadMore(): Promise<void> {
  const name = user.peek();
  const page = await feedback(name ?? "me", more.peek() ?? "");
  if (user.peek() !== name) return;
  opinions.value = [...(opinions.peek() ?? []), ...page.said];
  more.value = page.next_page_token ?? null;
}

/** As if it had never been said. */
export async function takeBack({ idempotency_key, item }: SaidOfItem): Promise<void> {
  await undoFeedback(user.peek() ?? "me", idempotency_key);
  unsay(item.id);
  refreshSoon();
}

/** Ask for more or less of something; a second time takes it back. */
export async function ask({ group, value, word: before }: Belief, word: TasteWord): Promise<void> {
  const said = { group, value, word: word === before ? null : word };
  const name = user.peek();
  const believed = await correctTaste(name ?? "me", said);
  if (user.peek() === name) taste.value = believed;
  refreshSoon();
}
