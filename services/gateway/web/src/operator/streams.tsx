// Who reads pictures, and who is connected.
import type { Status } from "../api/types";
import { words } from "../words";

export function Streams({ status }: { status: Status }) {
  const w = words.value.operator;
  const streams = status.emotion_workers.reduce((sum, worker) => sum + worker.streams, 0);
  const versions = [...new Set(status.emotion_workers.map((worker) => worker.model_version ?? w.noModel))];
  const facts: [string, string | number][] = [
    [w.streams, streams],
    [w.readers, status.emotion_workers.length],
    [w.model, versions.join(", ") || w.noModel],
    [w.live, status.live_channels],
    [w.cameras, status.capture_channels],
    [w.members, status.members],
    [w.guests, status.guests],
  ];
  return (
    <section class="panel" aria-labelledby="streams">
      <h2 id="streams">{w.now}</h2>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
