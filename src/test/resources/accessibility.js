// What is wrong with the page as it stands, as a list of sentences.
() => {
  const wrong = [];
  const seen = (node) => node.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) && node.getClientRects().length > 0;
  const name = (node) => `<${node.tagName.toLowerCase()}${node.id ? "#" + node.id : ""} class="${node.className}">`;
  const modal = document.querySelector("dialog[open]:modal");
  const scope = modal ?? document.body;

  // Names of controls (WCAG 4.1.2), sizes of targets (2.5.8).
  for (const node of scope.querySelectorAll("button, a[href], input, select, summary")) {
    if (!seen(node) || node.closest(".unseen, .skip") || node.classList.contains("skip")) continue;
    const labels = [...(node.labels ?? [])].map((l) => l.textContent).join("");
    const text = (node.getAttribute("aria-label") ?? labels) || node.textContent;
    if (!text.trim()) wrong.push(`${name(node)} has no name`);
    const box = (node.type === "radio" ? node.closest("label") : node).getBoundingClientRect();
    if (box.height < 24 || box.width < 24) wrong.push(`${name(node)} is only ${box.width} by ${box.height}`);
  }
  // Unique ids, and references that lead somewhere.
  const ids = [...document.querySelectorAll("[id]")].map((n) => n.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push(`id ${id} is there twice`);
  for (const attribute of ["aria-labelledby", "aria-describedby"]) {
    for (const node of document.querySelectorAll(`[${attribute}]`)) {
      for (const id of node.getAttribute(attribute).split(/\s+/)) {
        if (!document.getElementById(id)) wrong.push(`${name(node)} refers to ${id}, which is not there`);
      }
    }
  }
  for (const image of document.querySelectorAll("img:not([alt]), svg:not([aria-hidden])")) wrong.push(`${name(image)} has no text`);
  if (!document.documentElement.lang) wrong.push("the page has no language");
  if (document.querySelectorAll("main").length !== 1) wrong.push("not one main");
  let level = 0;
  for (const heading of document.body.querySelectorAll("h1, h2, h3, h4")) {
    if (!seen(heading) || heading.closest("dialog")) continue;
    const next = Number(heading.tagName[1]);
    if (next > level + 1) wrong.push(`${name(heading)} skips a level`);
    level = next;
  }

  // Contrast (1.4.3): every visible text against the nearest painted background.
  const context = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const rgba = (color) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const background = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return rgba("Canvas");
  };
  const walker = document.createTreeWalker(scope, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !seen(node) || node.closest(".unseen, .preview, option, noscript, .toast:not(.shown), :disabled")) continue;
    if (!modal && node.closest("dialog")) continue;
    const [a, b] = [luminance(rgba(getComputedStyle(node).color)), luminance(background(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) wrong.push(`${name(node)} "${walker.currentNode.data.trim()}" has a contrast of ${ratio.toFixed(2)}`);
  }

  // Nothing sticks out to the right (1.4.10).
  const page = document.scrollingElement;
  if (page.scrollWidth > page.clientWidth) wrong.push(`the page is ${page.scrollWidth} wide in ${page.clientWidth}`);
  for (const node of scope.querySelectorAll("*")) {
    if (seen(node) && !node.closest(".unseen, .toast, .skip, svg") && node.getBoundingClientRect().right > innerWidth + 1) {
      wrong.push(`${name(node)} ends at ${node.getBoundingClientRect().right} of ${innerWidth}`);
    }
  }
  return wrong;
}
