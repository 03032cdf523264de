// Has a file imported: one that is sent from here, or one that lies in the import folder.
import { signal } from "@preact/signals";
import { importFile } from "../api/operator";
import type { Kind } from "../api/types";
import { uploadFile } from "../api/upload";
import { kinds } from "../picks/store";
import { attempt, say } from "../ui/toast";
import { percent, words } from "../words";

interface Sending {
  name: string;
  share: number;
  stop: () => void;
}

// Of the page, not of the form: a file goes on being sent while its operator looks elsewhere.
const sending = signal<Sending | null>(null);
const picked = signal("");

export function Import({ after }: { after: () => Promise<void> }) {
  const w = words.value.operator;
  const order = async (form: HTMLFormElement) => {
    const fields = new FormData(form);
    const chosen = fields.get("upload") as File;
    const file = chosen.name ? await sent(chosen) : String(fields.get("file"));
    if (file === null) return;
    await importFile({ kind: fields.get("kind") as Kind, file, format: "", encoding: "" });
    say(w.importing);
    form.reset();
    picked.value = "";
    await after();
  };
  return (
    <section class="panel" aria-labelledby="import">
      <h2 id="import">{w.import}</h2>
      <p class="quiet">{w.importDetail}</p>
      <form
        class="credentials"
        onSubmit={(event) => {
          event.preventDefault();
          const form = event.currentTarget;
          void attempt(() => order(form));
        }}
      >
        <label>
          {w.kind}
          <select name="kind">
            {kinds.value.map((each) => (
              <option key={each.kind} value={each.kind}>
                {words.value.kind[each.kind] ?? each.title}
              </option>
            ))}
          </select>
        </label>
        <label>
          {w.fileHere}
          <input
            name="upload"
            type="file"
            accept=".csv,.tsv,.txt,.gz"
            onChange={(event) => (picked.value = event.currentTarget.files?.[0]?.name ?? "")}
          />
        </label>
        {!picked.value && (
          <label>
            {w.fileThere}
            <input name="file" required maxLength={300} autoComplete="off" spellcheck={false} />
          </label>
        )}
        <button type="submit" class="button" disabled={sending.value !== null}>
          {w.import}
        </button>
      </form>
      {sending.value && <Progress {...sending.value} />}
    </section>
  );
}

function Progress({ name, share, stop }: Sending) {
  return (
    <p>
      <label>
        {words.value.operator.sending(name)} <progress value={share} /> {percent(share)}
      </label>{" "}
      <button type="button" class="button" onClick={stop}>
        {words.value.cancel}
      </button>
    </p>
  );
}

/** What the file is called in the import folder; null where whoever sent it stopped. */
async function sent(file: File): Promise<string | null> {
  const controller = new AbortController();
  const tell = (share: number) => {
    sending.value = { name: file.name, share, stop: () => controller.abort() };
  };
  tell(0);
  try {
    return (await uploadFile(file, tell, controller.signal)).file;
  } catch (error) {
    if (controller.signal.aborted) return null;
    throw error;
  } finally {
    sending.value = null;
  }
}
