"use strict";
// The page around the map: layers, search, panel, languages, and all ways to move. Texts go in as text, never as HTML.

(function start() {
  const model = readModel(JSON.parse(document.getElementById("data").textContent));
  const byId = (id) => document.getElementById(id);
  const canvas = byId("map"), panel = byId("panel"), found = byId("found");
  const state = {
    view: { x: 0, y: 0, scale: 10 }, chosen: null, hovered: null, words: model.data.words[model.data.language],
    layers: { zones: true, fibres: true, groups: false, interconnects: true, labels: true },
  };
  // Where there are very many lines they come when asked for.
  model.domains.forEach((domain) => { state.layers["domain " + domain.index] = model.bundles.length <= 1000; });
  const painter = makePainter(canvas, model, state);
  const word = (name) => state.words[name] || name;
  const many = 200;
  let asked = false;

  function repaint() {
    if (asked) return;
    asked = true;
    window.requestAnimationFrame(() => { asked = false; painter.paint(); });
  }

  function make(tag, text, className) {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  }

  function button(text, act, className = "link") {
    const element = make("button", text, className);
    element.type = "button";
    element.addEventListener("click", act);
    return element;
  }

  const titled = (item) => (item.title ? item.title + " (" + item.name + ")" : item.name);

  // ---- layers -------------------------------------------------------------------------------------------------

  function sample(look) {
    const element = make("canvas", undefined, "sample"), pen = element.getContext("2d");
    element.width = 52;
    element.height = 24;
    pen.strokeStyle = look.colour;
    pen.lineWidth = look.width || 4;
    pen.setLineDash((look.dash || []).map((step) => step * 1.6));
    pen.beginPath();
    pen.moveTo(0, 12);
    pen.lineTo(52, 12);
    pen.stroke();
    return element;
  }

  function layer(key, text, look) {
    const box = make("label"), input = make("input");
    input.type = "checkbox";
    input.checked = Boolean(state.layers[key]);
    input.dataset.layer = key;
    input.addEventListener("change", () => { state.layers[key] = input.checked; repaint(); });
    box.append(input, look ? sample(look) : "", make("span", text));
    return box;
  }

  function showLayers() {
    const side = byId("layers");
    side.replaceChildren(make("h3", word("layers")), layer("labels", word("labels")));
    if (model.zones.length) side.append(layer("zones", word("zones"), { colour: "#b9c9d6", width: 18 }));
    side.append(layer("fibres", word("fibres"), { colour: "#7a858f" }));
    side.append(layer("groups", word("groups"), { colour: "#9fd2f0", width: 18 }));
    model.domains.forEach((domain) => {
      side.append(layer("domain " + domain.index, word("lines") + " · " + (domain.title || domain.name), lookOf(domain)));
    });
    side.append(layer("interconnects", word("interconnects"), { colour: GUARD, dash: [6, 4] }));
    if (model.services.length) side.append(make("h3", word("services")));
    model.services.forEach((service) => {
      const look = { colour: serviceColour(service), dash: [2, 4] };
      side.append(layer("service " + service.index, service.title || service.name, look));
    });
    side.append(make("h3", word("figures")));
    [["sites", model.sites], ["devices", model.devices], ["fibres", model.fibres], ["lines", model.lines],
      ["services", model.services]].forEach(([name, list]) => side.append(make("div", word(name) + " " + list.length, "row")));
    const lost = model.sites.filter((site) => !site.placed);
    if (lost.length) {
      side.append(make("h3", word("without_place") + " " + lost.length));
      some(side, lost, (site) => button(titled(site), () => choose(site)));
    }
    const made = word("made").replace("{version}", model.data.citynet).replace("{digest}", model.data.digest.slice(0, 16));
    side.append(make("p", made, "soft"));
  }

  // ---- panel --------------------------------------------------------------------------------------------------

  function some(parent, items, show) {
    const list = make("ul");
    items.slice(0, many).forEach((item) => {
      const row = make("li", undefined, "row");
      row.append(show(item));
      list.append(row);
    });
    if (items.length > many) list.append(make("li", word("more").replace("{count}", items.length - many), "soft"));
    parent.append(list);
  }

  function part(title, items, show) {
    if (!items.length) return;
    panel.append(make("h3", title + " " + items.length));
    some(panel, items, show);
  }

  function facts(pairs) {
    const list = make("dl");
    pairs.filter((pair) => pair[1] !== "" && pair[1] !== null).forEach(([name, value]) => {
      list.append(make("dt", name), make("dd", value));
    });
    panel.append(list);
  }

  function beside(element, text) {
    const box = make("span");
    box.append(element, " ", make("small", text));
    return box;
  }

  function zonesOf(site) {
    const chain = [];
    for (let at = site.zone; at >= 0 && chain.length < 9; at = model.zones[at].within) {
      chain.push((model.zones[at].title || model.zones[at].name) + " · " + word("zonekind_" + model.zones[at].kind));
    }
    return chain.join(" ⊂ ");
  }

  const showing = {
    site(site) {
      facts([[word("zone"), zonesOf(site)],
        [word("coordinates"), site.placed ? site.lat + ", " + site.lon : word("without_place")]]);
      part(word("devices"), site.devices, (device) => beside(make("span", device.name), [
        device.domain.title || device.domain.name, word("role_" + device.role),
        device.plane && word("plane") + " " + device.plane].filter(Boolean).join(" · ")));
      part(word("fibres"), site.fibres, (fibre) => beside(
        button(fibre.name, () => choose(fibre)),
        "→ " + titled(fibre.a === site ? fibre.b : fibre.a) + " · " + fibre.km + " km"));
      part(word("services"), site.ends, (end) => beside(
        button(end.service.title || end.service.name, () => choose(end.service)), endText(end)));
      part(word("interconnects"), site.interconnects, (one) => make("span", one.name + ": " + one.a.name + " – " + one.b.name));
    },
    fibre(fibre) {
      facts([[word("length"), fibre.km + " km"], [word("loss"), fibre.loss === null ? "–" : fibre.loss + " dB"],
        [word("capacity"), fibre.capacity + " Gbit/s"],
        [word("groups"), fibre.groups.map((group) => group.name).join(", ") || "–"]]);
      part(word("ends"), [fibre.a, fibre.b], (site) => button(titled(site), () => choose(site)));
      const others = new Set(fibre.groups.flatMap((group) => group.fibres));
      others.delete(fibre);
      part(word("together"), [...others], (other) => button(other.name, () => choose(other)));
      part(word("riding"), fibre.lines, (line) => beside(
        make("span", line.a.name + " – " + line.b.name), line.rate + " Gbit/s · " + line.km + " km · " + line.us + " µs"));
    },
    service(service) {
      facts([[word("domain"), service.domain.title || service.domain.name], [word("level"), service.domain.level],
        [word("data_class"), word("class_" + service.dataClass)], ["VRF", service.vrf], ["RT", service.rt],
        [word("bandwidth"), service.mbps ? service.mbps + " Mbit/s" : "–"]]);
      part(word("ends"), service.ends, (end) => beside(
        button(titled(end.device.site), () => choose(end.device.site)), endText(end)));
    },
  };

  function endText(end) {
    const who = end.participant;
    return [end.host, who && (who.title || who.name), who && word("participant_" + who.kind), end.device.name]
      .filter(Boolean).join(" · ");
  }

  function showPanel() {
    panel.hidden = !state.chosen;
    panel.replaceChildren();
    if (!state.chosen) return;
    panel.append(button("×", () => choose(null), "close"));
    panel.firstChild.setAttribute("aria-label", word("close"));
    panel.append(make("h2", state.chosen.title || state.chosen.name));
    if (state.chosen.title) panel.append(make("div", state.chosen.name, "soft"));
    showing[state.chosen.type](state.chosen);
  }

  // Shows something in the panel and brings it into view.
  function choose(item, { stay = false } = {}) {
    const target = item && item.type === "device" ? item.site : item && item.host ? item.device.site : item;
    state.chosen = target;
    if (target && target.type === "service") {
      state.layers["service " + target.index] = true;
      showLayers();
    }
    if (target && !stay) {
      const places = (target.type === "site" ? [target] : target.type === "fibre" ? [target.a, target.b] : [])
        .filter((site) => site.placed);
      if (places.length) {
        state.view.x = places.reduce((sum, site) => sum + site.x, 0) / places.length;
        state.view.y = places.reduce((sum, site) => sum + site.y, 0) / places.length;
      }
    }
    showPanel();
    resized();
  }

  // ---- search -------------------------------------------------------------------------------------------------

  function showFound() {
    const words = byId("search").value, items = search(model, words, 30);
    found.replaceChildren();
    found.hidden = !words.trim();
    items.forEach((item) => {
      const row = make("li"), kind = item.host ? "participants" : item.type + "s";
      const text = item.host ? item.host + (item.participant ? " " + item.participant.title : "") : titled(item);
      const one = button(text + " ", () => { found.hidden = true; choose(item); }, "hit");
      one.append(make("small", word(kind)));
      row.append(one);
      found.append(row);
    });
    if (!items.length) found.append(make("li", word("nothing_found"), "soft"));
  }

  // ---- languages ----------------------------------------------------------------------------------------------

  function speak(language) {
    state.words = model.data.words[language];
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.title = (model.data.title || model.data.city) + " · " + word("map");
    ["zh", "en"].forEach((name) => byId(name).setAttribute("aria-pressed", String(name === language)));
    byId("search").placeholder = word("search");
    byId("search").setAttribute("aria-label", word("search"));
    canvas.setAttribute("aria-label", word("canvas") + ". " + word("hint"));
    [["in", "zoom_in"], ["out", "zoom_out"], ["fit", "fit"]].forEach(([id, name]) => {
      byId(id).title = word(name);
      byId(id).setAttribute("aria-label", word(name));
    });
    byId("fold").textContent = word("layers");
    byId("hint").textContent = model.bounds ? word("hint") : word("no_places");
    showLayers();
    showPanel();
    repaint();
  }

  // ---- moving -------------------------------------------------------------------------------------------------

  function resized() {
    painter.resize();
    repaint();
  }

  function zoomBy(factor, x, y) {
    painter.zoom(factor, x, y);
    repaint();
  }

  function pan(dx, dy) {
    state.view.x -= dx / state.view.scale;
    state.view.y -= dy / state.view.scale;
    repaint();
  }

  function fold() {
    const folded = byId("side").classList.toggle("folded");
    byId("fold").setAttribute("aria-expanded", String(!folded));
    resized();
  }

  const fingers = new Map();
  let moved = 0;

  function pointerDown(event) {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    if (fingers.size === 1) moved = 0;
    canvas.classList.add("drag");
  }

  function pointerMove(event) {
    const before = fingers.get(event.pointerId);
    if (!before) {
      const under = painter.at(event.offsetX, event.offsetY);
      if (under !== state.hovered) {
        state.hovered = under;
        canvas.style.cursor = under ? "pointer" : "";
        repaint();
      }
      return;
    }
    const other = [...fingers].find(([id]) => id !== event.pointerId);
    if (other) {
      const far = (p) => Math.hypot(p.x - other[1].x, p.y - other[1].y) || 1;
      zoomBy(far({ x: event.offsetX, y: event.offsetY }) / far(before), other[1].x, other[1].y);
      moved = 100;
    } else {
      pan(event.offsetX - before.x, event.offsetY - before.y);
      moved += Math.abs(event.offsetX - before.x) + Math.abs(event.offsetY - before.y);
    }
    fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  }

  function pointerUp(event) {
    const was = fingers.delete(event.pointerId);
    canvas.classList.remove("drag");
    if (was && event.type === "pointerup" && moved < 6) choose(painter.at(event.offsetX, event.offsetY), { stay: true });
  }

  function key(event) {
    const step = painter.span() / 8;
    const acts = {
      ArrowLeft: () => pan(step, 0), ArrowRight: () => pan(-step, 0), ArrowUp: () => pan(0, step),
      ArrowDown: () => pan(0, -step), "+": () => zoomBy(1.4), "=": () => zoomBy(1.4), "-": () => zoomBy(1 / 1.4),
      0: fitAll, Escape: () => choose(null),
    };
    if (acts[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      acts[event.key]();
    }
  }

  function fitAll() {
    painter.fit();
    repaint();
  }

  canvas.addEventListener("pointerdown", pointerDown);
  canvas.addEventListener("pointermove", pointerMove);
  canvas.addEventListener("pointerup", pointerUp);
  canvas.addEventListener("pointercancel", pointerUp);
  canvas.addEventListener("keydown", key);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.offsetX, event.offsetY);
  }, { passive: false });
  window.addEventListener("resize", resized);
  byId("in").addEventListener("click", () => zoomBy(1.4));
  byId("out").addEventListener("click", () => zoomBy(1 / 1.4));
  byId("fit").addEventListener("click", fitAll);
  byId("zh").addEventListener("click", () => speak("zh"));
  byId("en").addEventListener("click", () => speak("en"));
  byId("search").addEventListener("input", showFound);
  byId("search").addEventListener("keydown", (event) => {
    if (event.key === "Escape") found.hidden = true;
    if (event.key === "Enter" && found.querySelector("button")) found.querySelector("button").click();
  });
  byId("fold").addEventListener("click", fold);

  if (window.innerWidth <= 820) fold();
  painter.resize();
  painter.fit();
  speak(model.data.language);
}());
