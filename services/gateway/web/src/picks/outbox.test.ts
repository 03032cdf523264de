import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Feedback } from "../api/client";
import { type Entry, HOLD_MS, Outbox } from "./outbox";

const LIKE: Entry = { user_id: "u-ada", item_id: "music:1", action: "like", title: "One" };
const failure = (passing: boolean) => Object.assign(new Error("no"), { passing });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function box(post: (user_id: string, feedback: Feedback) => Promise<void>) {
  const outcome = { sent: vi.fn(), failed: vi.fn() };
  const undo = vi.fn(async (_user_id: string, _key: string) => {});
  return { outbox: new Outbox({ post, undo }, outcome), outcome, undo };
}

test("what is said is sent after a moment", async () => {
  const post = vi.fn(async (_user_id: string, _: Feedback) => {});
  const { outbox, outcome } = box(post);
  outbox.put(LIKE);
  await vi.advanceTimersByTimeAsync(HOLD_MS - 1);
  expect(post).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(post).toHaveBeenCalledExactlyOnceWith("u-ada", {
    item_id: "music:1",
    action: "like",
    key: expect.any(String),
  });
  expect(outcome.sent).toHaveBeenCalledExactlyOnceWith(LIKE);
});

test("it is sent from a page in plain too, where browsers make no UUIDs", async () => {
  vi.stubGlobal("crypto", { getRandomValues: (bytes: Uint8Array) => bytes.fill(10) });
  const post = vi.fn(async (_user_id: string, _: Feedback) => {});
  const { outbox } = box(post);
  outbox.put(LIKE);
  await outbox.flush();
  expect(post.mock.calls[0]?.[1].key).toBe("0a".repeat(16));
});

test("what is taken back in time is never sent", async () => {
  const post = vi.fn(async (_user_id: string, _: Feedback) => {});
  const { outbox, undo } = box(post);
  await outbox.put(LIKE)();
  await vi.runAllTimersAsync();
  expect(post).not.toHaveBeenCalled();
  expect(undo).not.toHaveBeenCalled();
});

test("what was sent is taken back at the gateway", async () => {
  const post = vi.fn(async (_user_id: string, _: Feedback) => {});
  const { outbox, undo } = box(post);
  const takeBack = outbox.put(LIKE);
  await outbox.flush();
  undo.mockRejectedValueOnce(failure(true));
  const takenBack = takeBack();
  await vi.runAllTimersAsync();
  await takenBack;
  expect(undo).toHaveBeenCalledTimes(2);
  expect(undo).toHaveBeenLastCalledWith("u-ada", post.mock.calls[0]?.[1].key);
});

test("a refusal to take it back is told", async () => {
  const { outbox, undo } = box(async () => {});
  const takeBack = outbox.put(LIKE);
  await outbox.flush();
  undo.mockRejectedValueOnce(failure(false));
  await expect(takeBack()).rejects.toThrow("no");
});

test("what is taken back while it is tried again is not sent any more, whatever came of the first try", async () => {
  const post = vi.fn((_user_id: string, _: Feedback) => Promise.reject(failure(true)));
  const { outbox, outcome, undo } = box(post);
  const takeBack = outbox.put(LIKE);
  await vi.advanceTimersByTimeAsync(HOLD_MS);
  await takeBack();
  await vi.runAllTimersAsync();
  expect(post).toHaveBeenCalledOnce();
  expect(undo).toHaveBeenCalledOnce();
  expect(outcome.sent).not.toHaveBeenCalled();
  expect(outcome.failed).not.toHaveBeenCalled();
});

test("of two words about an item, the newer one comes last", async () => {
  const kept: string[] = [];
  const post = vi.fn(async (_user_id: string, { action }: Feedback) => void kept.push(action));
  post.mockRejectedValueOnce(failure(true));
  const { outbox } = box(post);
  outbox.put(LIKE);
  await vi.advanceTimersByTimeAsync(100);
  outbox.put({ ...LIKE, action: "dislike" });
  await vi.advanceTimersByTimeAsync(HOLD_MS);
  expect(kept).toEqual([]);
  await vi.runAllTimersAsync();
  expect(kept).toEqual(["like", "dislike"]);
});

test("words about other items, or of others, wait for none", async () => {
  const kept: string[] = [];
  const post = vi.fn(async (user_id: string, { item_id }: Feedback) => void kept.push(`${user_id} ${item_id}`));
  post.mockRejectedValueOnce(failure(true));
  const { outbox } = box(post);
  outbox.put(LIKE);
  outbox.put({ ...LIKE, item_id: "music:2" });
  outbox.put({ ...LIKE, user_id: "u-bob" });
  await vi.advanceTimersByTimeAsync(HOLD_MS);
  expect(kept).toEqual(["u-ada music:2", "u-bob music:1"]);
});

test("a passing failure is tried again under the same key", async () => {
  const post = vi.fn(async (_user_id: string, _: Feedback) => {});
  post.mockRejectedValueOnce(failure(true)).mockRejectedValueOnce(failure(true));
  const { outbox, outcome } = box(post);
  outbox.put(LIKE);
  await vi.runAllTimersAsync();
  expect(new Set(post.mock.calls.map(([, feedback]) => feedback.key)).size).toBe(1);
  expect(post).toHaveBeenCalledTimes(3);
  expect(outcome.sent).toHaveBeenCalledOnce();
});

test("a refusal is told at once", async () => {
  const error = failure(false);
  const { outbox, outcome } = box(() => Promise.reject(error));
  outbox.put(LIKE);
  await vi.advanceTimersByTimeAsync(HOLD_MS);
  expect(outcome.failed).toHaveBeenCalledExactlyOnceWith(LIKE, error);
});

test("an outage that lasts is told in the end", async () => {
  const { outbox, outcome } = box(() => Promise.reject(failure(true)));
  outbox.put(LIKE);
  await vi.runAllTimersAsync();
  expect(outcome.failed).toHaveBeenCalledOnce();
});

test("a page that closes sends what is held, at once", async () => {
  const post = vi.fn(async (_user_id: string, _: Feedback) => {});
  const { outbox } = box(post);
  outbox.put(LIKE);
  outbox.put({ ...LIKE, action: "save" });
  void outbox.flush(true);
  expect(post.mock.calls.map(([, { action }]) => action)).toEqual(["like", "save"]);
  await vi.runAllTimersAsync();
  expect(post).toHaveBeenCalledTimes(2);
});
