// What is wished for, the list that answers it, and what the person said about its items.
import { effect, signal, untracked } from "@preact/signals";
import { kinds as fetchKinds, giveFeedback, recommendations, undoFeedback } from "../api/client";
import { ProblemError } from "../api/request";
import type { FeedbackAction, Goal, Item, Kind, KindView } from "../api/types";
import { wanted } from "../mood/store";
import { personal, user } from "../session";
import { gently } from "../ui/gently";
import { say } from "../ui/toast";
import { words } from "../words";
import { PickList } from "./list";
import { Outbox } from "./outbox";

export const kinds = signal<KindView[]>([]);
export const kind = signal<Kind | "all">("all");
export const goal = signal<Goal | undefined>(undefined);
export const list = new PickList((wish) => recommendations(user.peek() ?? "", wish), gently);

/** The latest thing said about an item, by its id. */
export const said = personal<ReadonlyMap<string, FeedbackAction>>(new Map());

const BURST_MS = 300;
const LEAVING: readonly FeedbackAction[] = ["dislike", "not_now", "finish"];

const outbox = new Outbox(
  { post: giveFeedback, undo },
  {
    sent: () => void list.refresh(),
    failed: ({ title, item_id, action }) => {
      // What was said of it since is on its way.
      if (said.value.get(item_id) === action) note(item_id, undefined);
      say(words.value.notSaved(title));
    },
  },
);

async function undo(user_id: string, key: string) {
  await undoFeedback(user_id, key).catch((error: unknown) => {
    // It never got there.
    if (!(error instanceof ProblemError) || error.code !== "no_feedback") throw error;
  });
}

export function start() {
  effect(() => {
    const somebody = user.value;
    untracked(() => list.reset());
    if (!somebody) return undefined;
    return effect(() => void list.load({ kind: kind.value, goal: goal.value, mood: wanted.value }));
  });
  void loadKinds();
  window.addEventListener("pagehide", () => void outbox.flush(true));
}

async function loadKinds() {
  kinds.value = await fetchKinds().catch(() => []);
}

let soon: ReturnType<typeof setTimeout> | undefined;

/** Events may come in bursts; one fresh list answers them all. */
export function refreshSoon() {
  clearTimeout(soon);
  soon = setTimeout(() => void list.refresh(), BURST_MS);
}

/** Get again what an outage may have cost. */
export function recover() {
  if (!kinds.peek().length) void loadKinds();
  if (list.problem.peek()) void list.refresh();
}

/** Send what is held for a moment, now. */
export function sendHeld(): Promise<void> {
  return outbox.flush();
}

/** Say something about an item; what makes it leave the list can be undone for a moment. */
export function tellAbout(item: Item, action: FeedbackAction) {
  const before = said.value.get(item.id);
  const putBack = LEAVING.includes(action) ? list.remove(item.id) : () => {};
  note(item.id, action);
  const takeBack = outbox.put({ user_id: user.peek() ?? "", item_id: item.id, action, title: item.title });
  say(words.value.did[action](item.title), async () => {
    try {
      await takeBack();
    } catch {
      say(words.value.notSaved(item.title));
      return false;
    }
    putBack();
    if (said.value.get(item.id) === action) note(item.id, before);
    return true;
  });
}

/** What was said of an item was taken back elsewhere: it may be said again, and the item may come again. */
export function unsay(id: string) {
  note(id, undefined);
  list.readmit(id);
}

function note(id: string, action: FeedbackAction | undefined) {
  const next = new Map(said.value);
  if (action) next.set(id, action);
  else next.delete(id);
  said.value = next;
}
