// What a person shows to publish or to watch, where the server asks for it: a token, or user and password. Kept until the
// page is closed, and nowhere else.
import {prepare} from "./dialogs.mjs";
import {byId, setText, show} from "./dom.mjs";

let given = null;

/** Headers of requests for WHIP and WHEP. */
export function credentialHeaders() {
  // So that a refusal does not make the browser ask in a dialog of its own.
  return {"X-Tapedeck-Console": "1", ...(given ? {Authorization: given} : {})};
}

/** The same for addresses, where no header can be sent: WebSockets. */
export function credentialQuery() {
  if (!given) return "";
  if (given.startsWith("Bearer ")) return `?token=${encodeURIComponent(given.slice(7))}`;
  const text = new TextDecoder().decode(Uint8Array.from(atob(given.slice(6)), (c) => c.charCodeAt(0)));
  const colon = text.indexOf(":");
  return `?user=${encodeURIComponent(text.slice(0, colon))}&password=${encodeURIComponent(text.slice(colon + 1))}`;
}

/**
 * Asks for what a refusing response asks for.
 * @param title what it is for
 * @returns whether the person gave something, so that another try makes sense
 */
export async function askCredentials(response, title) {
  const challenge = response.headers.get("WWW-Authenticate") ?? "";
  if (response.status !== 401 || challenge === "") return false;
  const withUser = /basic/i.test(challenge);
  const answer = await ask(title, withUser, given === null ? "" : await detail(response));
  if (answer === null) return false;
  given = withUser ? `Basic ${base64(`${answer.user}:${answer.secret}`)}` : `Bearer ${answer.secret.trim()}`;
  return true;
}

/** What was wrong with what was shown. */
async function detail(response) {
  try {
    const said = (await response.json()).detail;
    return `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
  } catch {
    return "That was not right.";
  }
}

function ask(title, withUser, problem) {
  const dialog = byId("credentials");
  const form = byId("credentials-form");
  const {user, secret} = form.elements;
  setText(byId("credentials-title"), title);
  setText(byId("credentials-problem"), problem);
  show(byId("credentials-problem"), problem !== "");
  show(byId("credentials-user"), withUser);
  user.required = withUser;
  setText(byId("credentials-secret"), withUser ? "Password" : "Token");
  secret.autocomplete = withUser ? "current-password" : "off";
  secret.pattern = withUser ? ".*" : "\\s*[!-~]+\\s*";
  secret.value = "";
  if (!dialog.dataset.prepared) prepare(dialog);
  dialog.dataset.prepared = "yes";
  return new Promise((resolve) => {
    let answer = null;
    form.onsubmit = (event) => {
      event.preventDefault();
      answer = {user: user.value, secret: secret.value};
      secret.value = "";
      dialog.close();
    };
    dialog.addEventListener("close", () => resolve(answer), {once: true});
    dialog.showModal();
    (withUser && user.value === "" ? user : secret).focus();
  });
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
