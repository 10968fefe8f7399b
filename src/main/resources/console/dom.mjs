// The few things that every part of the page does with the document.

/** The element with this id; the page is broken without it. */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element #${id}`);
  return found;
}

/** A new element: `element("p", {class: "x", onclick: f}, "text", child)`. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Writes only what differs, so that a screen reader is not told the same again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

/**
 * Keeps `list` in step with `items`: rows are made once for each key, updated in place and moved only where the order
 * changed, so that focus stays where it is.
 */
export class KeyedList {
  constructor(list, keyOf, makeRow) {
    this.list = list;
    this.keyOf = keyOf;
    this.makeRow = makeRow;
    this.rows = new Map();
  }

  update(items) {
    const wanted = new Set(items.map(this.keyOf));
    for (const [key, row] of this.rows) {
      if (!wanted.has(key)) {
        this.leave(row.node);
        this.rows.delete(key);
      }
    }
    let place = this.list.firstElementChild;
    for (const item of items) {
      const key = this.keyOf(item);
      let row = this.rows.get(key);
      if (!row) {
        row = this.makeRow(item);
        this.rows.set(key, row);
      }
      row.update(item);
      if (row.node === place) place = place.nextElementSibling;
      else this.list.insertBefore(row.node, place);
    }
  }

  /** Focus that was in a row that goes away moves to the list's heading instead of to nowhere. */
  leave(node) {
    const hadFocus = node.contains(document.activeElement);
    node.remove();
    if (hadFocus) byId("main").focus({preventScroll: true});
  }
}
