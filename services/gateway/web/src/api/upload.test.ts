import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { uploadFile } from "./upload";

// Of the page, which the client of every other call is made for.
vi.hoisted(() => vi.stubGlobal("location", { origin: "http://here" }));

/** What a browser does of it that matters here, driven by the test. */
class FakeRequest {
  static last: FakeRequest;
  upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {};
  asked = "";
  sent: unknown;
  status = 0;
  statusText = "";
  response: unknown = null;
  onload?: () => void;
  onerror?: () => void;
  onabort?: () => void;

  constructor() {
    FakeRequest.last = this;
  }
  open(method: string, url: string) {
    this.asked = `${method} ${url}`;
  }
  send(body: unknown) {
    this.sent = body;
  }
  abort() {
    this.onabort?.();
  }
  answer(status: number, response: unknown) {
    Object.assign(this, { status, response, statusText: "what HTTP says" });
    this.onload?.();
  }
}

beforeEach(() => void vi.stubGlobal("XMLHttpRequest", FakeRequest));
afterEach(() => void vi.unstubAllGlobals());

const FILE = new File(["title\nOne\n"], "new songs#1.csv");

function begin() {
  const tell = vi.fn();
  const stop = new AbortController();
  const done = uploadFile(FILE, tell, stop.signal);
  return { tell, stop, done, call: FakeRequest.last };
}

test("a file is sent under its name, and how far it has got is told", async () => {
  const { tell, done, call } = begin();
  expect([call.asked, call.sent]).toEqual(["PUT /v1/operator/files/new%20songs%231.csv", FILE]);
  call.upload.onprogress?.({ loaded: 1, total: 4 });
  call.upload.onprogress?.({ loaded: 0, total: 0 });
  expect(tell.mock.calls).toEqual([[0.25], [1]]);
  const stored = { file: "new songs#1.csv", size_bytes: 10, duplicate: false };
  call.answer(201, stored);
  expect(await done).toEqual(stored);
});

test("what the gateway refuses is a problem with its code", async () => {
  const { done, call } = begin();
  call.answer(409, { code: "file_there", detail: "There is another.", advice: "Rename it." });
  await expect(done).rejects.toMatchObject({ status: 409, code: "file_there", advice: "Rename it." });
});

test("an answer that is no problem has at least a status", async () => {
  const { done, call } = begin();
  call.answer(502, null);
  await expect(done).rejects.toMatchObject({ status: 502, code: "unknown", message: "what HTTP says", passing: true });
});

test("a lost connection may be tried again", async () => {
  const { done, call } = begin();
  call.onerror?.();
  await expect(done).rejects.toMatchObject({ passing: true });
});

test("whoever stops it gets their own reason back", async () => {
  const { done, stop } = begin();
  stop.abort("no more");
  await expect(done).rejects.toBe("no more");
});
