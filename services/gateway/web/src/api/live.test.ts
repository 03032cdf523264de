import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connection, listen } from "./live";

const sources: FakeSource[] = [];

class FakeSource extends EventTarget {
  static readonly CLOSED = 2;
  readyState = 0;

  constructor() {
    super();
    sources.push(this);
  }

  close() {
    this.readyState = FakeSource.CLOSED;
  }
}

class FakeDocument extends EventTarget {
  hidden = false;

  show(shown: boolean) {
    this.hidden = !shown;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

let page: FakeDocument;
let stop: () => void;
const open = () => sources.filter((source) => source.readyState !== FakeSource.CLOSED).length;

beforeEach(() => {
  vi.useFakeTimers();
  sources.length = 0;
  page = new FakeDocument();
  vi.stubGlobal("EventSource", FakeSource);
  vi.stubGlobal("document", page);
  vi.stubGlobal("window", globalThis);
  stop = listen("u-ada", { mood() {}, recommendations() {}, notice() {} });
  sources[0]?.dispatchEvent(new Event("open"));
});
afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a page that nobody looks at leaves its connection to others, and makes it again when seen", async () => {
  page.show(false);
  await vi.advanceTimersByTimeAsync(29_999);
  expect(open()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(open()).toBe(0);
  page.show(true);
  expect([open(), connection.value]).toEqual([1, "connecting"]);
  sources[1]?.dispatchEvent(new Event("open"));
  expect(connection.value).toBe("live");
});

test("a glance elsewhere leaves the channel as it is", async () => {
  page.show(false);
  await vi.advanceTimersByTimeAsync(5_000);
  page.show(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([sources.length, open()]).toEqual([1, 1]);
});

test("after the machine slept, the channel is made anew, whatever it seems to be", () => {
  page.show(false);
  vi.setSystemTime(Date.now() + 3_600_000);
  page.show(true);
  expect([sources.length, open()]).toEqual([2, 1]);
});

test("nothing is left when nobody listens", async () => {
  page.show(false);
  stop();
  page.show(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([sources.length, open()]).toEqual([1, 0]);
});
