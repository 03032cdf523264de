// The camera as the person sees it, and what is to be done while it is off.
import { useEffect, useRef } from "preact/hooks";
import { agreed, asked, begin, settings, watch, watched } from "../session";
import { Icon } from "../ui/icon";
import { attempt } from "../ui/toast";
import { words } from "../words";
import { Boxes } from "./boxes";
import { type CameraState, frameSize, reading, state, stream, turnOn } from "./camera";
import { PictureReader } from "./picture";

export function Preview() {
  const w = words.value;
  if (watched.value) return <Watching />;
  if (!stream.value) return <Off />;
  return (
    <section class="camera panel" aria-label={w.camera}>
      <div class="picture">
        <Mirror source={stream.value} />
        <Boxes faces={reading.value?.faces ?? []} size={frameSize.value} mirrored />
      </div>
      <p class="quiet" role="status">
        {w.cameraState[state.value]}
      </p>
    </section>
  );
}

function Mirror({ source }: { source: MediaStream }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current) video.current.srcObject = source;
  }, [source]);
  return <video ref={video} autoPlay muted playsInline aria-label={words.value.cameraLabel} />;
}

function Watching() {
  const w = words.value;
  return (
    <section class="camera panel off" aria-label={w.camera}>
      <p>{w.watching(watched.value ?? "")}</p>
      <button type="button" class="button" onClick={() => watch(null)}>
        <Icon name="camera" /> {w.useMine}
      </button>
    </section>
  );
}

const TROUBLES: readonly CameraState[] = ["refused", "missing", "insecure", "consent", "session"];

function Off() {
  const w = words.value;
  const trouble = TROUBLES.includes(state.value) ? w.cameraState[state.value] : "";
  const demo = settings.value?.demo_user;
  return (
    <section class="camera panel off" aria-label={w.camera}>
      <p role="status">{trouble || w.cameraIsOff}</p>
      <button type="button" class="button main" disabled={state.value === "asking"} onClick={() => void attempt(on)}>
        <Icon name="camera" /> {w.cameraOn}
      </button>
      {agreed.value ? <PictureReader /> : <TermsFirst />}
      {demo && (
        <button type="button" class="button" onClick={() => watch(demo)}>
          {w.watchDemo}
        </button>
      )}
    </section>
  );
}

/** Where the terms are shown, a picture can be uploaded under them. */
function TermsFirst() {
  return (
    <button type="button" class="button" onClick={() => (asked.value = true)}>
      <Icon name="picture" /> {words.value.uploadPicture}
    </button>
  );
}

async function on() {
  await begin();
  if (agreed.value) await turnOn();
  else asked.value = true;
}
