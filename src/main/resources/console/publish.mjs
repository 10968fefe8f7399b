// What to type elsewhere to send a stream here, with this server's own name and ports.
import {copy} from "./dialogs.mjs";
import {element, setText} from "./dom.mjs";

const RTMP_DEFAULT_PORT = 1935;

function fill(name, text) {
  for (const node of document.querySelectorAll(`[data-fill="${name}"]`)) setText(node, text);
}

/** A command that breaks between its words only, never at the hyphen of an option. */
function fillCommand(name, words) {
  for (const node of document.querySelectorAll(`[data-fill="${name}"]`)) {
    if (node.textContent === words.join(" ")) continue;
    node.replaceChildren(...words.flatMap((word, i) => [i > 0 ? " " : "", element("span", {class: "word"}, word)]));
  }
}

/** @param ports as `/health` lists them; without any, the usual ones */
export function publishHints(ports) {
  const port = ports.find((p) => p.protocol === "RTMP")?.port ?? RTMP_DEFAULT_PORT;
  const suffix = port === RTMP_DEFAULT_PORT ? "" : `:${port}`;
  const rtmp = `rtmp://${location.hostname}${suffix}/live`;
  fill("rtmp", rtmp);
  fillCommand("ffmpeg", ["ffmpeg", "-re", "-i video.mp4", "-c copy", "-f flv", `${rtmp}/my-stream`]);
  fill("whip", `${location.origin}/whip/my-stream`);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => {
    const text = document.querySelector(`[data-fill="${button.dataset.copy}"]`).textContent;
    copy(text, "Copied.");
  });
}
