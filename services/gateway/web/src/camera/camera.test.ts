import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Me } from "../api/types";

const PERSON = { user_id: "u-ada", consent: { version: 1 } } as unknown as Me;

/** A promise that the test keeps. */
function later<Value>() {
  let keep: (value: Value) => void = () => {};
  const promise = new Promise<Value>((resolve) => (keep = resolve));
  return { promise, keep };
}

function sight() {
  const track = { stop: vi.fn(), addEventListener() {} };
  const source = { getTracks: () => [track], getVideoTracks: () => [track] } as unknown as MediaStream;
  return { track, source };
}

/** What a browser has, with a camera and a picture that start when the test says so. */
async function browser() {
  vi.resetModules();
  const [allowed, playing] = [later<MediaStream>(), later<void>()];
  const sockets: EventTarget[] = [];
  class FakeSocket extends EventTarget {
    constructor() {
      super();
      sockets.push(this);
    }

    close() {}
  }
  const getUserMedia = () => allowed.promise;
  vi.stubGlobal("location", new URL("http://localhost/"));
  vi.stubGlobal("navigator", { languages: ["en"], mediaDevices: { getUserMedia } });
  vi.stubGlobal("document", { documentElement: {}, createElement: () => ({ play: () => playing.promise }) });
  vi.stubGlobal("WebSocket", FakeSocket);
  const [camera, session] = [await import("./camera"), await import("../session")];
  session.me.value = PERSON;
  return { allowed, playing, sockets, camera, session };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("it is on once its picture plays", async () => {
  const { allowed, playing, sockets, camera } = await browser();
  const { track, source } = sight();
  const on = camera.turnOn();
  allowed.keep(source);
  playing.keep();
  await on;
  expect([camera.stream.value, camera.state.value, sockets.length]).toEqual([source, "connecting", 1]);
  camera.turnOff();
  expect([camera.stream.value, camera.state.value]).toEqual([null, "off"]);
  expect(track.stop).toHaveBeenCalled();
});

test("turned off before its picture plays, it stays off", async () => {
  const { allowed, playing, sockets, camera } = await browser();
  const { track, source } = sight();
  const on = camera.turnOn();
  allowed.keep(source);
  await vi.advanceTimersByTimeAsync(0);
  camera.turnOff();
  playing.keep();
  await on;
  expect([camera.stream.value, camera.state.value, sockets.length]).toEqual([null, "off", 0]);
  expect(track.stop).toHaveBeenCalled();
});

test("who leaves while the browser asks is not watched", async () => {
  const { allowed, playing, sockets, camera, session } = await browser();
  const { track, source } = sight();
  const on = camera.turnOn();
  session.leave();
  allowed.keep(source);
  playing.keep();
  await on;
  expect([camera.stream.value, camera.state.value, sockets.length]).toEqual([null, "consent", 0]);
  expect(track.stop).toHaveBeenCalled();
});

test("a page that came in plain from another machine is told what it lacks", async () => {
  const { camera } = await browser();
  vi.stubGlobal("navigator", { languages: ["en"] });
  await camera.turnOn();
  expect([camera.stream.value, camera.state.value]).toEqual([null, "insecure"]);
});
