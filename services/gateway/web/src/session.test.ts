import { afterEach, expect, test, vi } from "vitest";

afterEach(() => vi.unstubAllGlobals());

test("whoever begins twice at once is one guest", async () => {
  vi.stubGlobal("location", new URL("http://localhost/"));
  let guests = 0;
  vi.stubGlobal("fetch", async () => {
    guests += 1;
    return Response.json({ user_id: `u-${guests}` });
  });
  const { begin, me } = await import("./session");
  await Promise.all([begin(), begin()]);
  expect(guests).toBe(1);
  expect(me.value?.user_id).toBe("u-1");
});
