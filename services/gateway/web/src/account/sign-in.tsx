// Name and password, to come back to a profile.
import { signal } from "@preact/signals";
import * as account from "../api/account";
import { me, watch } from "../session";
import { attempt } from "../ui/toast";
import { words } from "../words";

const open = signal(false);

export function SignIn() {
  const w = words.value;
  if (!open.value) {
    return (
      <button type="button" class="button bare" onClick={() => (open.value = true)}>
        {w.welcome.signIn}
      </button>
    );
  }
  return (
    <Credentials
      action={w.account.signIn}
      newPassword={false}
      onSubmit={async (name, password) => {
        me.value = await account.signIn(name, password);
        watch(null);
        open.value = false;
      }}
    />
  );
}

interface Form {
  action: string;
  newPassword: boolean;
  onSubmit: (name: string, password: string) => Promise<void>;
}

export function Credentials({ action, newPassword, onSubmit }: Form) {
  const w = words.value.account;
  return (
    <form
      class="credentials"
      onSubmit={(event) => {
        event.preventDefault();
        const fields = new FormData(event.currentTarget);
        void attempt(() => onSubmit(String(fields.get("name")), String(fields.get("password"))));
      }}
    >
      <label>
        {w.name}
        <input name="name" required minLength={3} maxLength={64} autoComplete="username" spellcheck={false} />
      </label>
      <label>
        {w.password}
        <input
          name="password"
          type="password"
          required
          minLength={newPassword ? 10 : 1}
          maxLength={128}
          autoComplete={newPassword ? "new-password" : "current-password"}
        />
      </label>
      {newPassword && <p class="quiet">{w.passwordAdvice}</p>}
      <button type="submit" class="button main">
        {action}
      </button>
    </form>
  );
}
