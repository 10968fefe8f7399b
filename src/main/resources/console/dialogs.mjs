// Dialogs, short messages, the clipboard.
import {byId, setText} from "./dom.mjs";

const TOAST_MILLIS = 4000;
let toastTimer = 0;

/** A short message that goes away by itself; screen readers say it when they are free. */
export function toast(message) {
  const node = byId("toast");
  // What is not inside the open dialog is under it, and silent.
  const place = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  if (node.parentNode !== place) place.append(node);
  clearTimeout(toastTimer);
  requestAnimationFrame(() => {
    setText(node, message);
    node.classList.add("shown");
  });
  toastTimer = setTimeout(() => {
    node.classList.remove("shown");
    toastTimer = setTimeout(() => setText(node, ""), 400);
  }, TOAST_MILLIS);
}

/** Makes the dialog's close buttons and a click beside it close it. Esc does by itself, and focus returns by itself. */
export function prepare(dialog) {
  for (const button of dialog.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => dialog.close());
  }
  // The message goes back to the page before what is inside a closed dialog disappears.
  dialog.addEventListener("close", () => {
    if (dialog.contains(byId("toast"))) document.body.append(byId("toast"));
  });
  dialog.addEventListener("mousedown", (event) => {
    if (event.target === dialog) dialog.close();
  });
}

/** Asks before something that cannot be taken back; resolves to whether the person wants it. */
export function confirm({title, text, yes}) {
  const dialog = byId("confirm");
  setText(byId("confirm-title"), title);
  setText(byId("confirm-text"), text);
  const button = byId("confirm-yes");
  setText(button, yes);
  return new Promise((resolve) => {
    let wanted = false;
    button.onclick = () => {
      wanted = true;
      dialog.close();
    };
    dialog.addEventListener("close", () => resolve(wanted), {once: true});
    dialog.showModal();
  });
}

/** Clipboards are for secure pages only; elsewhere the old way still works in every browser. */
export async function copy(text, message) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    if (!copyBySelection(text)) {
      toast("Your browser does not allow copying here.");
      return;
    }
  }
  toast(message);
}

function copyBySelection(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  // Inside an open dialog, since nothing outside of it can be selected.
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  const before = document.activeElement;
  field.select();
  try {
    return document.execCommand("copy");
  } finally {
    field.remove();
    before?.focus({preventScroll: true});
  }
}
