// The camera: asked for, shown, and sent frame by frame. A frame exists in memory only, here too.
import { effect, signal, untracked } from "@preact/signals";
import { see } from "../mood/store";
import { agreed, ownId, recheck } from "../session";
import { FrameLink, type LinkState, type Reading } from "./frame-link";

const FPS = 10;
const WIDTH = 640;
const QUALITY = 0.8;

export type CameraState = "off" | "asking" | "refused" | "missing" | "insecure" | LinkState;

export const state = signal<CameraState>("off");
export const stream = signal<MediaStream | null>(null);
export const reading = signal<Reading | null>(null);
/** Width and height of the frames that the boxes of a reading refer to. */
export const frameSize = signal<readonly [number, number]>([WIDTH, 480]);

let off = new AbortController();

/** Ask for the camera and send what it sees until `turnOff`. */
export async function turnOn(): Promise<void> {
  turnOff();
  // Browsers have no camera for pages that come in plain from another machine.
  if (!navigator.mediaDevices) {
    state.value = "insecure";
    return;
  }
  state.value = "asking";
  off = new AbortController();
  const ended = off.signal;
  let source: MediaStream;
  try {
    const video = { width: { ideal: WIDTH }, height: { ideal: 480 }, facingMode: "user", frameRate: { ideal: FPS } };
    source = await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    if (!ended.aborted) state.value = (error as DOMException).name === "NotAllowedError" ? "refused" : "missing";
    return;
  }
  if (ended.aborted) return release(source);
  stream.value = source;
  await send(source, ended);
}

/** Stop; `why` is what the person is told. */
export function turnOff(why: CameraState = "off"): void {
  off.abort();
  if (stream.value) release(stream.value);
  stream.value = null;
  reading.value = null;
  state.value = why;
}

function release(source: MediaStream) {
  for (const track of source.getTracks()) track.stop();
}

// Whoever no longer agrees, or has left, is not watched a moment longer.
effect(() => {
  if (!agreed.value && (stream.peek() || state.peek() === "asking")) turnOff("consent");
});

// Nor is whoever did not turn it on themselves.
effect(() => {
  void ownId.value;
  untracked(() => {
    if (stream.value || state.value === "asking") turnOff();
  });
});

async function send(source: MediaStream, ended: AbortSignal) {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = source;
  await video.play();
  if (ended.aborted) return;
  const link = new FrameLink(connect, { state: onState, reading: onReading });
  const shutter = setInterval(() => void photograph(video, link), 1000 / FPS);
  // Somebody may unplug the camera, or take the permission back.
  source.getVideoTracks()[0]?.addEventListener("ended", () => turnOff("missing"));
  ended.addEventListener("abort", () => {
    clearInterval(shutter);
    link.close();
  });
}

function connect(): WebSocket {
  const url = new URL("/v1/capture", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return new WebSocket(url);
}

const REFUSALS: readonly CameraState[] = ["session", "consent"];

function onState(now: LinkState) {
  state.value = now;
  if (REFUSALS.includes(now)) turnOff(now);
  // A refusal before the channel opened looks like any other failure.
  if (now === "retrying" || now === "session" || now === "consent") void recheck();
}

function onReading(now: Reading) {
  reading.value = now;
  if (now.mood) see(now.mood);
}

async function photograph(video: HTMLVideoElement, link: FrameLink) {
  if (!link.ready || document.hidden || !video.videoWidth) return;
  const [width, height] = [WIDTH, Math.round((WIDTH * video.videoHeight) / video.videoWidth)];
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")?.drawImage(video, 0, 0, width, height);
  frameSize.value = [width, height];
  link.send(await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY }));
}
