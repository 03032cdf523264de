import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FrameLink, type LinkState, type Reading } from "./frame-link";

class FakeSocket extends EventTarget {
  readonly sent: Blob[] = [];
  closedWith: number | null | undefined = null;

  send(frame: Blob) {
    this.sent.push(frame);
  }

  close(code?: number) {
    this.closedWith = code;
  }

  says(message: object) {
    this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(message) }));
  }

  drops(code: number) {
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }
}

const WELCOME = { type: "welcome", max_in_flight: 2, max_image_bytes: 100 };
const FRAME = new Blob(["jpeg"]);
const reading = (sequence: number) => ({
  type: "reading",
  sequence,
  status: "ok",
  faces: [],
  mood: null,
  latency_ms: 9,
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function linked() {
  const sockets: FakeSocket[] = [];
  const states: LinkState[] = [];
  const readings: Reading[] = [];
  const link = new FrameLink(
    () => {
      sockets.push(new FakeSocket());
      return sockets.at(-1) as unknown as WebSocket;
    },
    { state: (state) => states.push(state), reading: (each) => readings.push(each) },
  );
  const socket = () => sockets.at(-1) as FakeSocket;
  return { link, socket, sockets, states, readings };
}

test("nothing is sent before the welcome", () => {
  const { link, socket } = linked();
  link.send(FRAME);
  expect(socket().sent).toHaveLength(0);
});

test("never more frames are under way than are allowed", () => {
  const { link, socket } = linked();
  socket().says(WELCOME);
  for (let frame = 0; frame < 5; frame++) link.send(FRAME);
  expect(socket().sent).toHaveLength(2);
  socket().says(reading(1));
  for (let frame = 0; frame < 5; frame++) link.send(FRAME);
  expect(socket().sent).toHaveLength(3);
});

test("a reading answers the earlier frames too", () => {
  const { link, socket, readings } = linked();
  socket().says(WELCOME);
  link.send(FRAME);
  link.send(FRAME);
  expect(link.ready).toBe(false);
  socket().says(reading(2));
  socket().says(reading(1));
  link.send(FRAME);
  link.send(FRAME);
  expect(socket().sent).toHaveLength(4);
  expect(readings.map(({ sequence }) => sequence)).toEqual([2, 1]);
});

test("a picture that is too large is not sent", () => {
  const { link, socket } = linked();
  socket().says(WELCOME);
  link.send(new Blob(["x".repeat(101)]));
  expect(socket().sent).toHaveLength(0);
});

test.each([1012, 1013, 4429, 4503])("a connection lost with %i is made again, and counts from 1", async (code) => {
  const { link, socket, sockets, states } = linked();
  socket().says(WELCOME);
  link.send(FRAME);
  socket().drops(code);
  expect(link.ready).toBe(false);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sockets).toHaveLength(2);
  socket().says(WELCOME);
  link.send(FRAME);
  link.send(FRAME);
  expect(socket().sent).toHaveLength(2);
  expect(states).toEqual(["connecting", "open", "retrying", "connecting", "open"]);
});

test("a channel that never reaches the reader of faces is made again ever more rarely", async () => {
  const { socket, sockets } = linked();
  for (const wait_ms of [1_000, 2_000]) {
    const before = sockets.length;
    socket().says(WELCOME);
    socket().drops(1012);
    await vi.advanceTimersByTimeAsync(wait_ms - 1);
    expect(sockets).toHaveLength(before);
    await vi.advanceTimersByTimeAsync(1);
    expect(sockets).toHaveLength(before + 1);
  }
  socket().says(WELCOME);
  socket().says({ type: "connection", state: "connected" });
  socket().drops(1012);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sockets).toHaveLength(4);
});

test.each([
  [4401, "session"],
  [4403, "consent"],
])("a refusal with %i is final", async (code, state) => {
  const { socket, sockets, states } = linked();
  socket().says(WELCOME);
  socket().drops(code);
  await vi.runAllTimersAsync();
  expect(sockets).toHaveLength(1);
  expect(states.at(-1)).toBe(state);
});

test("a connection that answers no frame any more is given up, and made again", async () => {
  const { link, socket, sockets, states } = linked();
  const silent = socket();
  silent.says(WELCOME);
  await vi.advanceTimersByTimeAsync(60_000);
  link.send(FRAME);
  await vi.advanceTimersByTimeAsync(14_000);
  silent.says(reading(1));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sockets).toHaveLength(1);
  link.send(FRAME);
  link.send(FRAME);
  silent.says({ type: "connection", state: "connected" });
  await vi.advanceTimersByTimeAsync(15_000);
  expect(silent.closedWith).not.toBeNull();
  expect(states.at(-1)).toBe("retrying");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sockets).toHaveLength(2);
  socket().says(WELCOME);
  silent.drops(1006);
  silent.says(reading(3));
  expect(states.slice(-2)).toEqual(["connecting", "open"]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sockets).toHaveLength(2);
});

test("closing ends it for good", async () => {
  const { link, socket, sockets, states } = linked();
  link.close();
  socket().drops(1000);
  await vi.runAllTimersAsync();
  expect(socket().closedWith).toBe(1000);
  expect(sockets).toHaveLength(1);
  expect(states.at(-1)).toBe("closed");
});
