// A guest may keep the profile under a name; whoever has one may leave and come back.
import * as account from "../api/account";
import { turnOff } from "../camera/camera";
import { leave, me } from "../session";
import { attempt } from "../ui/toast";
import { words } from "../words";
import { Credentials } from "./sign-in";

export function Profile() {
  const w = words.value.account;
  const name = me.value?.name;
  return (
    <section class="panel profile" aria-labelledby="profile">
      <h2 id="profile">{w.title}</h2>
      <p>{name ? w.signedInAs(name) : w.asGuest}</p>
      {name ? <SignOut /> : <SignUp />}
    </section>
  );
}

function SignUp() {
  return (
    <Credentials
      action={words.value.account.signUp}
      newPassword
      onSubmit={async (name, password) => {
        me.value = await account.signUp(name, password);
      }}
    />
  );
}

function SignOut() {
  return (
    <button type="button" class="button" onClick={() => void attempt(signOut)}>
      {words.value.account.signOut}
    </button>
  );
}

async function signOut() {
  turnOff();
  await account.signOut();
  leave();
}
