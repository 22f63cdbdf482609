"use strict";
// Drawing the map on its canvas. `view` says where the middle is (kilometres) and how many pixels a kilometre has.

const DOMAIN_LOOK = {
  government: { colour: "#0072b2", dash: [], shift: -3 },
  cross: { colour: "#c98500", dash: [7, 4], shift: 3 },
};
const SERVICE_COLOURS = ["#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#7a5195", "#8a6d00", "#444444", "#b3446c"];
const GROUP_COLOURS = ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#b8a900", "#d55e00", "#7a5195", "#999999"];
const GUARD = "#a8321a";
const FONT = '"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif';

function lookOf(domain) {
  return DOMAIN_LOOK[domain.name] || { colour: "#444444", dash: [2, 3], shift: 0 };
}

function serviceColour(service) {
  return SERVICE_COLOURS[service.index % SERVICE_COLOURS.length];
}

function makePainter(canvas, model, state) {
  const pen = canvas.getContext("2d");
  const areas = zoneAreas(model);
  const shared = model.groups.filter((group) => group.fibres.length > 1);
  const groupColour = new Map(shared.map((group, number) => [group, GROUP_COLOURS[number % GROUP_COLOURS.length]]));
  const view = state.view;
  let wide = 0, high = 0;

  const sx = (x) => (x - view.x) * view.scale + wide / 2;
  const sy = (y) => (y - view.y) * view.scale + high / 2;

  function resize() {
    const ratio = window.devicePixelRatio || 1;
    wide = canvas.clientWidth;
    high = canvas.clientHeight;
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(high * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  function fit() {
    const all = model.bounds || { left: -1, right: 1, top: -1, bottom: 1 };
    view.x = (all.left + all.right) / 2;
    view.y = (all.top + all.bottom) / 2;
    const room = (size, span) => (size - 120) / Math.max(span, 0.2);
    view.scale = Math.max(0.01, Math.min(room(wide, all.right - all.left), room(high, all.bottom - all.top)));
  }

  function stroke(colour, width, dash) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.setLineDash(dash || []);
  }

  // A line between two sites, moved sideways by `shift` pixels or bowed by `bend` pixels in its middle.
  function trace(a, b, shift, bend) {
    const ax = sx(a.x), ay = sy(a.y), bx = sx(b.x), by = sy(b.y);
    const length = Math.hypot(bx - ax, by - ay) || 1, nx = -(by - ay) / length, ny = (bx - ax) / length;
    pen.beginPath();
    pen.moveTo(ax + nx * shift, ay + ny * shift);
    if (bend) {
      pen.quadraticCurveTo((ax + bx) / 2 + nx * bend * 2, (ay + by) / 2 + ny * bend * 2, bx, by);
    } else {
      pen.lineTo(bx + nx * shift, by + ny * shift);
    }
    pen.stroke();
  }

  // Outside of what is seen nothing needs drawing.
  function seen(a, b) {
    return Math.max(sx(a.x), sx(b.x)) > -40 && Math.min(sx(a.x), sx(b.x)) < wide + 40
      && Math.max(sy(a.y), sy(b.y)) > -40 && Math.min(sy(a.y), sy(b.y)) < high + 40;
  }

  function zones() {
    areas.forEach(({ hull: corners }) => {
      pen.lineJoin = "round";
      pen.lineCap = "round";
      pen.beginPath();
      corners.forEach((p, number) => (number ? pen.lineTo(sx(p.x), sy(p.y)) : pen.moveTo(sx(p.x), sy(p.y))));
      if (corners.length === 1) pen.lineTo(sx(corners[0].x) + 0.1, sy(corners[0].y));
      pen.closePath();
      pen.fillStyle = "#dfeaf2";
      stroke("#b9c9d6", 44);
      pen.stroke();
      stroke("#eaf1f6", 41);
      pen.stroke();
      pen.fillStyle = "#eaf1f6";
      pen.fill();
    });
    pen.lineCap = "butt";
  }

  function fibres(halos) {
    for (const fibre of model.fibres) {
      if (!fibre.a.placed || !fibre.b.placed || !seen(fibre.a, fibre.b)) continue;
      const group = fibre.groups.find((one) => groupColour.has(one));
      if (halos && group) {
        pen.globalAlpha = 0.5;
        stroke(groupColour.get(group), 11);
        trace(fibre.a, fibre.b, 0, fibre.bend);
        pen.globalAlpha = 1;
      }
      if (!halos) {
        stroke(fibre === state.chosen ? "#000000" : "#7a858f", fibre === state.chosen ? 4 : 1.6);
        trace(fibre.a, fibre.b, 0, fibre.bend);
      }
    }
  }

  function groupLabels(taken) {
    for (const group of shared) {
      const fibre = group.fibres.find((one) => one.a.placed && one.b.placed && seen(one.a, one.b));
      if (fibre) {
        const x = (sx(fibre.a.x) + sx(fibre.b.x)) / 2, y = (sy(fibre.a.y) + sy(fibre.b.y)) / 2;
        label(group.name, x, y, taken, "#3d4854", "middle");
      }
    }
  }

  function lines() {
    for (const one of model.bundles) {
      if (!state.layers["domain " + one.domain.index] || !seen(one.a, one.b)) continue;
      const look = lookOf(one.domain);
      stroke(look.colour, Math.min(4, 1.2 + one.count * 0.4), look.dash);
      trace(one.a, one.b, look.shift, 0);
    }
  }

  function services() {
    model.services.forEach((service, number) => {
      if (!state.layers["service " + service.index]) return;
      const sites = service.sites.filter((site) => site.placed), colour = serviceColour(service);
      if (sites.length <= 12) {
        stroke(colour, 1.2, [2, 4]);
        sites.forEach((a, at) => sites.slice(at + 1).forEach((b) => trace(a, b, 0, 12 + number * 3)));
      }
      stroke(colour, 3);
      for (const site of sites) {
        pen.beginPath();
        pen.arc(sx(site.x), sy(site.y), radius(site) + 5 + (number % 3) * 4, 0, 7);
        pen.stroke();
      }
    });
  }

  function interconnects() {
    for (const one of model.interconnects) {
      const a = one.a.site, b = one.b.site;
      if (a.placed && b.placed && a !== b) {
        stroke(GUARD, 3, [6, 4]);
        trace(a, b, 0, 0);
      }
      for (const site of [a, b]) {
        if (!site.placed) continue;
        const x = sx(site.x), y = sy(site.y), size = radius(site) + 5;
        stroke(GUARD, 2.5);
        pen.strokeRect(x - size, y - size, size * 2, size * 2);
      }
    }
  }

  function radius(site) {
    const big = model.sites.length > 400 ? 3 : 6;
    return Math.min(16, big + Math.sqrt(site.devices.length) * (model.sites.length > 400 ? 0.6 : 1.2));
  }

  function sites() {
    for (const site of model.sites) {
      if (!site.placed || !seen(site, site)) continue;
      const x = sx(site.x), y = sy(site.y), size = radius(site);
      const colours = [...new Set(site.devices.map((device) => lookOf(device.domain).colour))];
      pen.setLineDash([]);
      pen.fillStyle = colours[0] || "#ffffff";
      pen.beginPath();
      pen.arc(x, y, size, 0, 7);
      pen.fill();
      if (colours.length > 1) {
        pen.fillStyle = colours[1];
        pen.beginPath();
        pen.arc(x, y, size, -Math.PI / 2, Math.PI / 2);
        pen.fill();
      }
      const marked = site === state.chosen || site === state.hovered;
      stroke(marked ? "#000000" : "#16202c", marked ? 3.5 : 1.2);
      pen.beginPath();
      pen.arc(x, y, size, 0, 7);
      pen.stroke();
    }
  }

  // Writes a text unless it would cover one that is there; tells whether it did.
  function label(text, x, y, taken, ink, align, always) {
    pen.font = "12px " + FONT;
    const width = pen.measureText(text).width, left = align === "middle" ? x - width / 2 : x;
    const box = [left - 2, y - 12, left + width + 2, y + 4];
    const covers = taken.some((b) => b[0] < box[2] && box[0] < b[2] && b[1] < box[3] && box[1] < b[3]);
    if ((covers && !always) || box[2] < 0 || box[0] > wide || box[3] < 0 || box[1] > high) return false;
    taken.push(box);
    pen.setLineDash([]);
    pen.lineJoin = "round";
    pen.lineWidth = 4;
    pen.strokeStyle = "rgba(255,255,255,.9)";
    pen.strokeText(text, left, y);
    pen.fillStyle = ink;
    pen.fillText(text, left, y);
    return true;
  }

  function siteLabels(taken) {
    const wanted = model.sites.filter((site) => site.placed && seen(site, site));
    wanted.sort((one, other) => other.devices.length - one.devices.length || one.index - other.index);
    if (wanted.length <= 300) {
      for (const site of wanted) {
        const x = sx(site.x), y = sy(site.y), size = radius(site) - 1;
        taken.push([x - size, y - size, x + size, y + size]);
      }
    }
    let left = 300;
    for (const site of wanted) {
      if (left <= 0) break;
      if (site === state.chosen || site === state.hovered) continue;
      const x = sx(site.x), y = sy(site.y), text = site.title || site.name;
      const off = radius(site) + (site.interconnects.length && state.layers.interconnects ? 10 : 5);
      const done = label(text, x + off, y + 4, taken, "#16202c", "start")
        || label(text, x, y - off, taken, "#16202c", "middle") || label(text, x, y + off + 11, taken, "#16202c", "middle");
      if (done) left -= 1;
    }
  }

  function zoneLabels(taken) {
    for (const { zone, sites: inside } of areas) {
      const top = inside.reduce((best, site) => (site.y < best.y ? site : best));
      label(zone.title || zone.name, sx(top.x), sy(top.y) - 24, taken, "#49708c", "middle");
    }
  }

  function furniture() {
    if (!model.bounds) return;
    const km = scaleLength(view.scale, 140), length = km * view.scale, x = 18, y = high - 22;
    stroke("#16202c", 2);
    pen.beginPath();
    pen.moveTo(x, y - 6); pen.lineTo(x, y); pen.lineTo(x + length, y); pen.lineTo(x + length, y - 6);
    pen.stroke();
    pen.font = "12px " + FONT;
    pen.fillStyle = "#16202c";
    pen.fillText(km >= 1 ? km + " km" : km * 1000 + " m", x + 6, y - 6);
    pen.beginPath();
    pen.moveTo(wide - 28, high - 50); pen.lineTo(wide - 21, high - 28); pen.lineTo(wide - 28, high - 33);
    pen.lineTo(wide - 35, high - 28);
    pen.closePath();
    pen.fill();
    pen.fillText(state.words.north, wide - 28 - pen.measureText(state.words.north).width / 2, high - 12);
  }

  function paint() {
    pen.clearRect(0, 0, wide, high);
    const on = state.layers, taken = [];
    if (on.zones) zones();
    if (on.groups) fibres(true);
    if (on.fibres) fibres(false);
    lines();
    services();
    if (on.interconnects) interconnects();
    sites();
    for (const one of [state.chosen, state.hovered]) {
      if (one && one.type === "site" && one.placed) {
        label(one.title || one.name, sx(one.x) + radius(one) + 5, sy(one.y) + 4, taken, "#000000", "start", true);
      }
    }
    if (on.labels && on.groups) groupLabels(taken);
    if (on.labels) siteLabels(taken);
    if (on.labels && on.zones) zoneLabels(taken);
    furniture();
  }

  // What lies under a point of the canvas: a site, else a fibre that is shown.
  function at(x, y) {
    let best = null, least = 1e9;
    for (const site of model.sites) {
      const far = site.placed ? Math.hypot(sx(site.x) - x, sy(site.y) - y) - radius(site) : 1e9;
      if (far < 7 && far < least) [best, least] = [site, far];
    }
    if (best || !(state.layers.fibres || state.layers.groups)) return best;
    for (const fibre of model.fibres) {
      if (!fibre.a.placed || !fibre.b.placed || !seen(fibre.a, fibre.b)) continue;
      const far = fromFibre(fibre, x, y);
      if (far < 6 && far < least) [best, least] = [fibre, far];
    }
    return best;
  }

  function fromFibre(fibre, x, y) {
    const ax = sx(fibre.a.x), ay = sy(fibre.a.y), bx = sx(fibre.b.x), by = sy(fibre.b.y);
    const length = Math.hypot(bx - ax, by - ay) || 1;
    const share = Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length / length));
    const bow = fibre.bend * 4 * share * (1 - share);
    const px = ax + (bx - ax) * share - (by - ay) / length * bow, py = ay + (by - ay) * share + (bx - ax) / length * bow;
    return Math.hypot(px - x, py - y);
  }

  // Zooms by a factor and keeps what is under a point where it is.
  function zoom(factor, x = wide / 2, y = high / 2) {
    const scale = Math.max(0.01, Math.min(5000, view.scale * factor));
    view.x += (x - wide / 2) * (1 / view.scale - 1 / scale);
    view.y += (y - high / 2) * (1 / view.scale - 1 / scale);
    view.scale = scale;
  }

  return { resize, fit, paint, at, zoom, span: () => Math.min(wide, high) };
}
