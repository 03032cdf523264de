import { afterEach, beforeEach, expect, test, vi } from "vitest";

async function mood() {
  vi.resetModules();
  vi.stubGlobal("location", new URL("http://localhost/"));
  return import("./store");
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("what the person said of their mood counts for half an hour", async () => {
  const { TOLD_MS, tell, told } = await mood();
  tell("sad");
  await vi.advanceTimersByTimeAsync(TOLD_MS - 1);
  expect(told.value?.state).toBe("sad");
  await vi.advanceTimersByTimeAsync(1);
  expect(told.value).toBeNull();
});

test("the half hour goes on while a laptop sleeps", async () => {
  const { TOLD_MS, tell, told } = await mood();
  tell("sad");
  vi.setSystemTime(Date.now() + TOLD_MS);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told.value).toBeNull();
});
