// Frames out, readings in, over one WebSocket. Never more frames are under way than the gateway allows, so that a slow
// network or service slows the camera down instead of filling a queue.
import type { Face, Mood } from "../api/types";

const RETRY_MS = 1_000;
const MAX_RETRY_MS = 15_000;
/** Longer than the gateway itself waits for anything; a network may go without a word. */
const SILENCE_MS = 15_000;
const GONE = 1006;
const REFUSALS = { 4401: "session", 4403: "consent" } as const;

export type Refusal = (typeof REFUSALS)[keyof typeof REFUSALS];
export type LinkState = "connecting" | "open" | "retrying" | Refusal | "closed";

export interface Reading {
  sequence: number;
  status: "ok" | "no_face" | "bad_image" | "dropped" | "degraded";
  faces: Face[];
  mood: Mood | null;
  latency_ms: number;
}

type Message =
  | { type: "welcome"; max_in_flight: number; max_image_bytes: number }
  | ({ type: "reading" } & Reading)
  | { type: "connection"; state: "connected" | "retrying" };

export interface LinkEvents {
  state(state: LinkState): void;
  reading(reading: Reading): void;
}

export class FrameLink {
  private readonly connect: () => WebSocket;
  private readonly on: LinkEvents;
  private socket: WebSocket | undefined;
  private allowed = 0;
  private maxBytes = 0;
  private sent = 0;
  private answered = 0;
  private wait = RETRY_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Runs out where frames are under way, and nothing is heard. */
  private silence: ReturnType<typeof setTimeout> | undefined;
  private done = false;

  constructor(connect: () => WebSocket, on: LinkEvents) {
    this.connect = connect;
    this.on = on;
    this.open();
  }

  /** Whether a frame may be sent now. */
  get ready(): boolean {
    return this.sent - this.answered < this.allowed;
  }

  send(frame: Blob): void {
    if (!this.ready || frame.size > this.maxBytes) return;
    if (this.sent === this.answered) this.listen();
    this.sent += 1;
    this.socket?.send(frame);
  }

  close(): void {
    if (this.done) return;
    this.done = true;
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.socket?.close(1000);
    this.on.state("closed");
  }

  private open(): void {
    this.on.state("connecting");
    [this.sent, this.answered, this.allowed] = [0, 0, 0];
    const socket = this.connect();
    this.socket = socket;
    const ours = () => socket === this.socket;
    socket.addEventListener("message", (event) => ours() && this.hear(JSON.parse(String(event.data)) as Message));
    socket.addEventListener("close", (event) => ours() && this.lost(event.code));
  }

  private listen(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.giveUp(), SILENCE_MS);
  }

  private giveUp(): void {
    const silent = this.socket;
    // Its own end may take minutes to be told.
    this.socket = undefined;
    silent?.close();
    this.lost(GONE);
  }

  private hear(message: Message): void {
    clearTimeout(this.silence);
    if (message.type === "welcome") {
      this.allowed = message.max_in_flight;
      this.maxBytes = message.max_image_bytes;
      this.on.state("open");
    } else if (message.type === "reading") {
      // It answers its own frame and every earlier one.
      this.answered = Math.max(this.answered, message.sequence);
      this.on.reading(message);
    } else if (message.state === "connected") {
      this.wait = RETRY_MS;
      this.on.state("open");
    } else {
      this.on.state("retrying");
    }
    if (this.answered < this.sent && !this.done) this.listen();
  }

  private lost(code: number): void {
    this.allowed = 0;
    clearTimeout(this.silence);
    if (this.done) return;
    const refusal = REFUSALS[code as keyof typeof REFUSALS];
    if (refusal) {
      this.done = true;
      this.on.state(refusal);
      return;
    }
    this.on.state("retrying");
    this.timer = setTimeout(() => this.open(), this.wait);
    this.wait = Math.min(2 * this.wait, MAX_RETRY_MS);
  }
}
