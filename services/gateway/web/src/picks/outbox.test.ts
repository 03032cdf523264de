import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Feedback } from "../api/client";
import { type Entry, HOLD_MS, Outbox } from "./outbox";

const LIKE: Entry = { user_id: "u-ada", item_id: "music:1", action: "like", title: "One" };
const failure = (passing: boolean) => Object.assign(new Error("no"), { passing });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function box(post: (user_id: string, feedback: Feedback) => Promise<void>) {
  const outcome = { sent: vi.fn(), failed: vi.fn() };
  return { outbox: new Outbox(post, outcome), outcome };
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

test("what is taken back in time is never sent", async () => {
  const post = vi.fn(async (_user_id: string, _: Feedback) => {});
  const { outbox } = box(post);
  const undo = outbox.put(LIKE);
  expect(undo()).toBe(true);
  await vi.runAllTimersAsync();
  expect(post).not.toHaveBeenCalled();
});

test("what was sent can no longer be taken back", async () => {
  const { outbox } = box(async () => {});
  const undo = outbox.put(LIKE);
  await vi.runAllTimersAsync();
  expect(undo()).toBe(false);
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

test("a page that closes sends what is held", async () => {
  const post = vi.fn(async (_user_id: string, _: Feedback) => {});
  const { outbox } = box(post);
  outbox.put(LIKE);
  outbox.put({ ...LIKE, item_id: "music:2" });
  await outbox.flush();
  await vi.runAllTimersAsync();
  expect(post.mock.calls.map(([, feedback]) => feedback.item_id)).toEqual(["music:1", "music:2"]);
});
