import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Item, Me, SaidOfItem } from "../api/types";
import { HOLD_MS } from "./outbox";

const SONG = { id: "music:1", title: "One" } as Item;
const person = (user_id: string) => ({ user_id }) as Me;

async function page() {
  vi.resetModules();
  const said: string[] = [];
  const gateway = { status: 201 };
  vi.stubGlobal("location", new URL("http://localhost/"));
  vi.stubGlobal("history", { state: null, replaceState() {} });
  vi.stubGlobal("window", { matchMedia: () => ({ matches: true }), addEventListener() {} });
  vi.stubGlobal("document", { documentElement: {}, querySelectorAll: () => [] });
  vi.stubGlobal("navigator", { languages: ["en"] });
  vi.stubGlobal("fetch", async ({ method, url }: Request) => {
    const { pathname } = new URL(url);
    if (method === "POST") said.push(pathname);
    if (pathname.endsWith("/recommendations")) return Response.json({ picks: [{ item: SONG }] });
    if (pathname.endsWith("/feedback") && method === "GET") return Response.json({ said: [] });
    return Response.json({}, { status: gateway.status });
  });
  const [store, session] = [await import("./store"), await import("../session")];
  session.me.value = person("u-ada");
  return { store, session, gateway, said };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("what was said of an item is theirs who said it, though another is watched by then", async () => {
  const { store, session, said } = await page();
  store.tellAbout(SONG, "like");
  session.watch("demo");
  await vi.advanceTimersByTimeAsync(HOLD_MS);
  expect(said).toEqual(["/v1/users/u-ada/feedback"]);
});

test("it stays theirs when they leave and somebody else comes", async () => {
  const { store, session, gateway, said } = await page();
  store.tellAbout(SONG, "like");
  gateway.status = 503;
  await vi.advanceTimersByTimeAsync(HOLD_MS);
  session.leave();
  session.me.value = person("u-bob");
  await vi.advanceTimersByTimeAsync(2 * HOLD_MS);
  expect(said.length).toBeGreaterThan(1);
  expect(new Set(said)).toEqual(new Set(["/v1/users/u-ada/feedback"]));
});

test("a word that is refused leaves the mark of a newer one", async () => {
  const { store, gateway } = await page();
  gateway.status = 422;
  store.tellAbout(SONG, "like");
  await vi.advanceTimersByTimeAsync(HOLD_MS - 1);
  store.tellAbout(SONG, "save");
  await vi.advanceTimersByTimeAsync(1);
  expect(store.said.value.get(SONG.id)).toBe("save");
  await vi.advanceTimersByTimeAsync(HOLD_MS);
  expect(store.said.value.get(SONG.id)).toBeUndefined();
});

async function shownBy(store: Awaited<ReturnType<typeof page>>["store"]) {
  await vi.advanceTimersByTimeAsync(HOLD_MS);
  return store.list.picks.value?.map(({ item }) => item.title);
}

test("what one person said of an item is nothing to the next", async () => {
  const { store, session } = await page();
  store.start();
  store.tellAbout(SONG, "dislike");
  expect(await shownBy(store)).toEqual([]);
  session.leave();
  session.me.value = person("u-bob");
  expect(store.said.value).toEqual(new Map());
  expect(await shownBy(store)).toEqual([SONG.title]);
});

test("what was taken back can be said again, of an item that comes again", async () => {
  const { store } = await page();
  const { takeBack } = await import("./opinions");
  store.start();
  store.tellAbout(SONG, "dislike");
  expect(await shownBy(store)).toEqual([]);
  await takeBack({ idempotency_key: "k", action: "dislike", item: SONG } as SaidOfItem);
  expect(store.said.value).toEqual(new Map());
  expect(await shownBy(store)).toEqual([SONG.title]);
});
