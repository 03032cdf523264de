// A picture instead of the camera: every face in it, and what each shows. Nothing is kept.
import { useEffect, useRef } from "preact/hooks";
import { readPicture } from "../api/client";
import { ProblemError, UnreachableError } from "../api/request";
import type { PictureReading } from "../api/types";
import { ranked } from "../mood/emotions";
import { sayMood } from "../mood/telling";
import { agree, personal, user } from "../session";
import { Icon } from "../ui/icon";
import { reasonOf, say } from "../ui/toast";
import { words } from "../words";
import { Boxes } from "./boxes";

const shown = personal<{ bitmap: ImageBitmap; found: PictureReading } | null>(null);

export function PictureReader() {
  const w = words.value;
  return (
    <>
      <label class="button">
        <Icon name="picture" /> {w.uploadPicture}
        <input
          class="unseen"
          type="file"
          accept="image/jpeg,image/png"
          onChange={(event) => void read(event.currentTarget)}
        />
      </label>
      {shown.value && <Result {...shown.value} />}
    </>
  );
}

async function read(input: HTMLInputElement) {
  const file = input.files?.[0];
  input.value = "";
  if (!file) return;
  try {
    await agree();
    const name = user.peek();
    const bitmap = await createImageBitmap(file);
    const found = await readPicture(file);
    if (user.peek() === name) shown.value = { bitmap, found };
  } catch (error) {
    const atGateway = error instanceof ProblemError || error instanceof UnreachableError;
    say(atGateway ? reasonOf(error) : words.value.pictureFailed);
  }
}

function Result({ bitmap, found }: { bitmap: ImageBitmap; found: PictureReading }) {
  const w = words.value;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => canvas.current?.getContext("2d")?.drawImage(bitmap, 0, 0), [bitmap]);
  const nearest = found.faces.toSorted((a, b) => b.box.width - a.box.width)[0];
  const mood = nearest && ranked(nearest.probabilities)[0]?.[0];
  return (
    <div class="picture-result">
      <div class="picture">
        <canvas ref={canvas} width={bitmap.width} height={bitmap.height} role="img" aria-label={w.yourPicture} />
        <Boxes faces={found.faces} size={[found.width, found.height]} />
      </div>
      <p role="status">{w.facesFound(found.faces.length)}</p>
      {mood && (
        <button type="button" class="button main" onClick={() => sayMood(mood)}>
          {w.picksForMood(w.emotion[mood])}
        </button>
      )}
      <button type="button" class="button" onClick={() => (shown.value = null)}>
        {w.close}
      </button>
    </div>
  );
}
