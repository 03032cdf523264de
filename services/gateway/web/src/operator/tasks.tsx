// What the workers do, and how far they are.
import { recompute } from "../api/operator";
import type { Task, TaskWorker } from "../api/types";
import { attempt, say } from "../ui/toast";
import { clock, percent, words } from "../words";

export function Tasks({
  tasks,
  workers,
  queues,
}: {
  tasks: Task[];
  workers: TaskWorker[];
  queues: Record<string, number>;
}) {
  const w = words.value.operator;
  return (
    <section class="panel tasks" aria-labelledby="tasks">
      <h2 id="tasks">{w.tasks}</h2>
      <p class="quiet">
        {[
          w.workers(workers.length),
          ...Object.entries(queues).map(([name, count]) => w.waiting(plain(name), count)),
        ].join(" · ")}
      </p>
      {!tasks.length && <p>{w.noTasks}</p>}
      <ul>
        {tasks.map((task) => (
          <TaskRow key={task.id} task={task} />
        ))}
      </ul>
    </section>
  );
}

function TaskRow({ task }: { task: Task }) {
  const w = words.value.operator;
  const name = w.task[plain(task.name)] ?? plain(task.name);
  const share = task.total ? task.done / task.total : undefined;
  return (
    <li class={task.state}>
      <b>{name}</b> <span>{w.taskState[task.state]}</span>
      <span class="quiet">{clock(new Date(task.queued_at))}</span>
      {task.state === "running" && (
        <label>
          <progress value={share} aria-label={name} /> {share !== undefined && percent(share)}
        </label>
      )}
      {(task.error || task.result || task.arguments) && (
        <code>{task.error || [task.arguments, task.result].filter(Boolean).join(" → ")}</code>
      )}
    </li>
  );
}

const plain = (name: string) => name.replace("emoverse.", "");

export function Recompute({ after }: { after: () => Promise<void> }) {
  const w = words.value.operator;
  const ask = async () => {
    await recompute();
    say(w.recomputing);
    await after();
  };
  return (
    <button type="button" class="button" onClick={() => void attempt(ask)}>
      {w.recompute}
    </button>
  );
}
