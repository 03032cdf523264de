// What is kept, and how to see it, take it along, stop it, and have it deleted.
import * as account from "../api/account";
import { turnOff } from "../camera/camera";
import { agreed, asked, leave, me, ownId, personal, withdraw } from "../session";
import { attempt, say } from "../ui/toast";
import { day, words } from "../words";

const sure = personal(false);

export function Privacy() {
  const w = words.value.privacy;
  return (
    <section class="panel privacy" aria-labelledby="privacy">
      <h2 id="privacy">{w.title}</h2>
      <Consent />
      <p>{w.exportDetail}</p>
      <a class="button" href={`/v1/users/${ownId.value}/export`} download="emoverse.json">
        {w.export}
      </a>
      <p>{w.deleteDetail}</p>
      {sure.value ? <Really /> : <Delete />}
    </section>
  );
}

function Consent() {
  const w = words.value.privacy;
  const given = me.value?.consent;
  return (
    <>
      <p>{given ? w.agreed(day(new Date(given.given_at))) : w.notAgreed}</p>
      {agreed.value ? (
        <button type="button" class="button" onClick={() => void attempt(stop)}>
          {w.withdraw}
        </button>
      ) : (
        <button type="button" class="button" onClick={() => (asked.value = true)}>
          {w.readTerms}
        </button>
      )}
    </>
  );
}

async function stop() {
  turnOff();
  await withdraw();
  say(words.value.privacy.withdrawn);
}

function Delete() {
  return (
    <button type="button" class="button danger" onClick={() => (sure.value = true)}>
      {words.value.privacy.delete}
    </button>
  );
}

function Really() {
  const w = words.value.privacy;
  return (
    <div class="chips" role="alert">
      <p>{w.really}</p>
      <button type="button" class="button danger" onClick={() => void attempt(deleteAll)}>
        {w.yesDelete}
      </button>
      <button type="button" class="button" onClick={() => (sure.value = false)}>
        {words.value.cancel}
      </button>
    </div>
  );
}

async function deleteAll() {
  turnOff();
  await account.deleteAccount(ownId.value);
  leave();
  say(words.value.privacy.deleted);
}
