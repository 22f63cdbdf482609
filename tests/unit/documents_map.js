// Runs the script of a map page on a page that is only pretended, uses it as a person would, and prints what it shows.
"use strict";
const fs = require("fs");
const vm = require("vm");

const html = fs.readFileSync(process.argv[2], "utf8");
const data = html.split('<script type="application/json" id="data">')[1].split("</script>")[0];
const script = html.split("<script>")[1].split("</script>")[0];

class Element {
  constructor(tag) {
    Object.assign(this, { tag, children: [], listeners: {}, attributes: {}, dataset: {}, style: {}, own: "", hidden: false });
    this.classList = { add() {}, remove() {}, toggle: () => true };
    this.clientWidth = 900;
    this.clientHeight = 600;
  }
  get textContent() { return this.own + this.children.map((c) => (typeof c === "string" ? c : c.textContent)).join(""); }
  set textContent(text) { this.children = []; this.own = String(text); }
  set innerHTML(text) { throw new Error("innerHTML: " + text); }
  get firstChild() { return this.children[0]; }
  append(...items) { this.children.push(...items); }
  replaceChildren(...items) { this.children = items; this.own = ""; }
  setAttribute(name, value) { this.attributes[name] = value; }
  addEventListener(name, act) { (this.listeners[name] = this.listeners[name] || []).push(act); }
  fire(name, event = {}) { (this.listeners[name] || []).forEach((act) => act({ type: name, preventDefault() {}, ...event })); }
  click() { this.fire("click"); }
  setPointerCapture() {}
  all() { return this.children.flatMap((c) => (typeof c === "string" ? [] : [c, ...c.all()])); }
  querySelector(tag) { return this.all().find((element) => element.tag === tag) || null; }
  getContext() { return pen; }
}
const drawn = [];
const pen = new Proxy({}, {
  get: (_, name) => {
    if (name === "measureText") return (text) => ({ width: text.length * 8 });
    if (name === "fillText") return (text) => drawn.push(text);
    return () => {};
  },
  set: () => true,
});
const elements = {};
const frames = [];
const document = {
  documentElement: {}, title: "",
  getElementById: (id) => (elements[id] = elements[id] || new Element("#" + id)),
  createElement: (tag) => new Element(tag),
};
document.getElementById("data").textContent = data;
const window = {
  innerWidth: 1200, devicePixelRatio: 2, addEventListener() {}, requestAnimationFrame: (act) => frames.push(act),
};
const settle = () => { while (frames.length) frames.shift()(); };

vm.runInNewContext(script, { document, window, console });
settle();
const result = { drawn: [...new Set(drawn)], layers: {}, side: elements.layers.textContent };
elements.layers.all().filter((e) => e.tag === "input").forEach((e) => { result.layers[e.dataset.layer] = e.checked; });
elements.layers.all().filter((e) => e.tag === "input").forEach((e) => { e.checked = true; e.fire("change"); });
settle();
elements.search.value = process.argv[3];
elements.search.fire("input");
result.found = elements.found.children.map((child) => child.textContent);
elements.found.querySelector("button").click();
settle();
result.panel = elements.panel.textContent;
elements.en.click();
settle();
result.english = elements.panel.textContent;
result.title = document.title;
["+", "-", "0", "ArrowLeft", "ArrowUp"].forEach((key) => elements.map.fire("keydown", { key }));
elements.map.fire("wheel", { deltaY: -100, deltaMode: 0, offsetX: 100, offsetY: 80 });
elements.map.fire("pointerdown", { pointerId: 1, offsetX: 450, offsetY: 300 });
elements.map.fire("pointerdown", { pointerId: 2, offsetX: 500, offsetY: 300 });
elements.map.fire("pointermove", { pointerId: 2, offsetX: 560, offsetY: 300 });
elements.map.fire("pointerup", { pointerId: 2, offsetX: 560, offsetY: 300 });
elements.map.fire("pointermove", { pointerId: 1, offsetX: 440, offsetY: 290 });
elements.map.fire("pointerup", { pointerId: 1, offsetX: 440, offsetY: 290 });
elements.map.fire("pointermove", { pointerId: 3, offsetX: 10, offsetY: 10 });
// A click on every point of a grid hits some site.
elements.map.fire("keydown", { key: "Escape" });
elements.fit.click();
settle();
result.closed = elements.panel.hidden;
result.hit = [];
for (let x = 0; x < 900; x += 6) {
  for (let y = 0; y < 600; y += 6) {
    elements.map.fire("pointerdown", { pointerId: 9, offsetX: x, offsetY: y });
    elements.map.fire("pointerup", { pointerId: 9, offsetX: x, offsetY: y });
    if (!elements.panel.hidden) result.hit.push(elements.panel.children[1].textContent);
  }
}
settle();
result.hit = [...new Set(result.hit)].sort();
process.stdout.write(JSON.stringify(result));
