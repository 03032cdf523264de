// Capture clients that may stream as this person.
import { useEffect } from "preact/hooks";
import * as account from "../api/account";
import type { Device } from "../api/types";
import { ownId, personal } from "../session";
import { attempt } from "../ui/toast";
import { day, words } from "../words";

const devices = personal<Device[]>([]);
/** A new device's token: shown once. */
const token = personal<string | null>(null);

export function Devices() {
  const w = words.value.devices;
  useEffect(() => {
    void attempt(load);
    return () => {
      token.value = null;
    };
  }, []);
  return (
    <section class="panel devices" aria-labelledby="devices">
      <h2 id="devices">{w.title}</h2>
      <p class="quiet">{w.detail}</p>
      <ul>
        {devices.value.map((device) => (
          <li key={device.id}>
            <span>{device.name}</span>
            <span class="quiet">{w.until(day(new Date(device.expires_at)))}</span>
            <button type="button" class="button" onClick={() => void attempt(() => remove(device.id))}>
              {w.remove}
            </button>
          </li>
        ))}
      </ul>
      <NewDevice />
      {token.value && <Token value={token.value} />}
    </section>
  );
}

function NewDevice() {
  const w = words.value.devices;
  return (
    <form
      class="credentials"
      onSubmit={(event) => {
        event.preventDefault();
        const form = event.currentTarget;
        void attempt(() => add(String(new FormData(form).get("name")))).then((added) => added && form.reset());
      }}
    >
      <label>
        {w.name}
        <input name="name" required maxLength={64} autoComplete="off" />
      </label>
      <button type="submit" class="button">
        {w.add}
      </button>
    </form>
  );
}

function Token({ value }: { value: string }) {
  const w = words.value.devices;
  return (
    <div role="status">
      <p>{w.tokenOnce}</p>
      <output class="token">{value}</output>
    </div>
  );
}

async function load() {
  const name = ownId.value;
  const found = await account.devices(name);
  if (ownId.value === name) devices.value = found;
}

async function add(name: string) {
  const owner = ownId.value;
  const made = await account.addDevice(owner, name);
  if (ownId.value === owner) token.value = made.token;
  await load();
}

async function remove(id: string) {
  await account.removeDevice(ownId.value, id);
  await load();
}
