import { expect, test, vi } from "vitest";
import type { Wish } from "../api/client";
import type { Pick, Recommendations } from "../api/types";
import { PAGE, PickList } from "./list";

const MUSIC = { kind: "music" } as const;

function answer(ids: string, next: string | null = null): Recommendations {
  const picks = [...ids].map((id) => ({ item: { id }, score: 1 }) as Pick);
  return { user_id: "ada", kind: "music", goal: "match", mood: null, picks, next_page_token: next };
}

function listOf(...answers: Recommendations[]) {
  const ask = vi.fn(async (_: Wish) => answers.shift() ?? Promise.reject(new Error("away")));
  const list = new PickList(ask);
  return { ask, list, shown: () => list.picks.value?.map((pick) => pick.item.id).join("") };
}

test("a list is loaded for a wish", async () => {
  const { ask, list, shown } = listOf(answer("abc"));
  await list.load(MUSIC);
  expect(shown()).toBe("abc");
  expect(ask).toHaveBeenCalledExactlyOnceWith({ kind: "music", count: PAGE });
});

test("a list that nobody touches changes at once", async () => {
  const { list, shown } = listOf(answer("abc"), answer("bca"));
  await list.load(MUSIC);
  await list.refresh();
  expect(shown()).toBe("bca");
});

test("a list under the pointer waits, and says so", async () => {
  const { list, shown } = listOf(answer("abc"), answer("bca"));
  await list.load(MUSIC);
  list.hold(true);
  await list.refresh();
  expect(shown()).toBe("abc");
  expect(list.waiting.value).not.toBeNull();
  list.hold(false);
  expect(shown()).toBe("bca");
  expect(list.waiting.value).toBeNull();
});

test("a fresh list that is the same makes nobody wait", async () => {
  const { list } = listOf(answer("abc"), answer("abc"));
  await list.load(MUSIC);
  list.hold(true);
  await list.refresh();
  expect(list.waiting.value).toBeNull();
});

test("what was taken out stays out, and comes back to its place", async () => {
  const { list, shown } = listOf(answer("abc"), answer("abcd"));
  await list.load(MUSIC);
  const restore = list.remove("b");
  await list.refresh();
  expect(shown()).toBe("acd");
  restore();
  expect(shown()).toBe("abcd");
});

test("the next page is appended without repeats", async () => {
  const { ask, list, shown } = listOf(answer("abc", "token"), answer("cde"));
  await list.load(MUSIC);
  await list.more();
  expect(shown()).toBe("abcde");
  expect(ask).toHaveBeenLastCalledWith({ kind: "music", count: PAGE, page_token: "token" });
  expect(list.next.value).toBeNull();
});

test("what waited for one wish is not shown for another", async () => {
  const { list, shown } = listOf(answer("abc", "token"), answer("bca"));
  await list.load(MUSIC);
  list.hold(true);
  await list.refresh();
  await list.load({ kind: "movie" });
  list.hold(false);
  expect(shown()).toBeUndefined();
  expect([list.waiting.value, list.next.value]).toEqual([null, null]);
});

test("a fresh list is as long as the one shown", async () => {
  const all = "abcdefghijklmnopqrstuvwx";
  const { ask, list, shown } = listOf(answer(all.slice(0, PAGE), "token"), answer(all.slice(PAGE)), answer(all));
  await list.load(MUSIC);
  await list.more();
  await list.refresh();
  expect(shown()).toBe(all);
  expect(ask).toHaveBeenLastCalledWith({ kind: "music", count: 2 * PAGE });
});

test("a page that was asked for comes before a fresh list", async () => {
  const { list, shown } = listOf(answer("abc", "token"), answer("def"), answer("fedcba"));
  await list.load(MUSIC);
  const more = list.more();
  const refreshed = list.refresh();
  await more;
  expect(shown()).toBe("abcdef");
  await refreshed;
  expect(shown()).toBe("fedcba");
});

test("an answer that was overtaken is not shown", async () => {
  let late: (answer: Recommendations) => void = () => {};
  const ask = vi.fn((wish: Wish) =>
    wish.kind === "music"
      ? new Promise<Recommendations>((resolve) => (late = resolve))
      : Promise.resolve(answer("xyz")),
  );
  const list = new PickList(ask);
  const overtaken = list.load(MUSIC);
  await list.load({ kind: "movie" });
  late(answer("abc"));
  await overtaken;
  expect(list.picks.value?.[0]?.item.id).toBe("x");
});

test("an outage leaves the list as it is, and is told", async () => {
  const { list, shown } = listOf(answer("abc"));
  await list.load(MUSIC);
  await list.refresh();
  expect(shown()).toBe("abc");
  expect(list.problem.value).toEqual(new Error("away"));
  expect(list.loading.value).toBe(false);
});
