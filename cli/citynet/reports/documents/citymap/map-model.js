"use strict";
// The data of the page as objects with references, and the geometry of the map. Nothing here touches the page.

function readModel(data) {
  const model = { data, bounds: null };
  model.domains = data.domains.map(([name, title, level, asn], index) => ({ index, name, title, level, asn }));
  model.zones = data.zones.map(([name, title, kind, within]) => ({ name, title, kind, within }));
  model.sites = data.sites.map(([name, title, zone, lat, lon], index) => ({
    type: "site", index, name, title, zone, lat, lon, placed: lat !== undefined, x: 0, y: 0,
    devices: [], fibres: [], ends: [], interconnects: [],
  }));
  model.devices = data.devices.map(([name, domain, site, role, plane]) => {
    const device = { type: "device", name, domain: model.domains[domain], site: model.sites[site], role, plane };
    device.site.devices.push(device);
    return device;
  });
  model.groups = data.groups.map((name) => ({ name, fibres: [] }));
  model.fibres = data.fibres.map(([name, a, b, km, loss, capacity, groups]) => {
    const fibre = {
      type: "fibre", name, a: model.sites[a], b: model.sites[b], km, loss, capacity, lines: [], bend: 0,
      groups: groups.map((group) => model.groups[group]),
    };
    fibre.groups.forEach((group) => group.fibres.push(fibre));
    fibre.a.fibres.push(fibre);
    fibre.b.fibres.push(fibre);
    return fibre;
  });
  model.lines = data.lines.map(([a, b, domain, rate, km, us, fibres]) => {
    const line = { a: model.devices[a], b: model.devices[b], domain: model.domains[domain], rate, km, us };
    fibres.forEach((fibre) => model.fibres[fibre].lines.push(line));
    return line;
  });
  model.interconnects = data.interconnects.map(([name, a, b]) => {
    const found = { name, a: model.devices[a], b: model.devices[b] };
    new Set([found.a.site, found.b.site]).forEach((site) => site.interconnects.push(found));
    return found;
  });
  model.participants = data.participants.map(([name, title, kind]) => ({ name, title, kind }));
  model.services = data.services.map(([name, title, domain, dataClass, vrf, rt, mbps, ends], index) => {
    const service = { type: "service", index, name, title, domain: model.domains[domain], dataClass, vrf, rt, mbps };
    service.ends = ends.map(([host, participant, device]) => {
      const end = { service, host, participant: model.participants[participant], device: model.devices[device] };
      end.device.site.ends.push(end);
      return end;
    });
    service.sites = [...new Set(service.ends.map((end) => end.device.site))];
    return service;
  });
  project(model);
  bendParallel(model.fibres);
  model.bundles = bundle(model.lines);
  return model;
}

// Equirectangular around the middle of the city: x and y in kilometres east and south of it.
function project(model) {
  const placed = model.sites.filter((site) => site.placed);
  if (!placed.length) return;
  const lats = placed.map((site) => site.lat);
  const low = Math.min(...chunked(lats, Math.min)), high = Math.max(...chunked(lats, Math.max));
  const shrink = Math.cos(((low + high) / 2) * Math.PI / 180);
  const east = placed[0].lon; // longitudes near it, so that a city on the date line stays in one piece
  for (const site of placed) {
    site.x = ((((site.lon - east + 540) % 360) + 360) % 360 - 180) * 111.32 * shrink;
    site.y = ((low + high) / 2 - site.lat) * 110.57;
  }
  const xs = placed.map((site) => site.x), ys = placed.map((site) => site.y);
  model.bounds = {
    left: Math.min(...chunked(xs, Math.min)), right: Math.max(...chunked(xs, Math.max)),
    top: Math.min(...chunked(ys, Math.min)), bottom: Math.max(...chunked(ys, Math.max)),
  };
}

// A call takes only so many arguments: first the extremes of pieces.
function chunked(values, extreme) {
  const found = [];
  for (let start = 0; start < values.length; start += 10000) found.push(extreme(...values.slice(start, start + 10000)));
  return found;
}

function bendParallel(fibres) {
  const pairs = new Map();
  for (const fibre of fibres) {
    const key = Math.min(fibre.a.index, fibre.b.index) + " " + Math.max(fibre.a.index, fibre.b.index);
    if (!pairs.has(key)) pairs.set(key, []);
    pairs.get(key).push(fibre);
  }
  for (const together of pairs.values()) {
    together.forEach((fibre, number) => {
      const side = fibre.a.index < fibre.b.index ? 1 : -1;
      fibre.bend = side * (number - (together.length - 1) / 2) * 14;
    });
  }
}

// IP lines between two sites become one stroke per domain.
function bundle(lines) {
  const found = new Map();
  for (const line of lines) {
    let a = line.a.site, b = line.b.site;
    if (a === b || !a.placed || !b.placed) continue;
    if (a.index > b.index) [a, b] = [b, a];
    const key = line.domain.index + " " + a.index + " " + b.index;
    if (!found.has(key)) found.set(key, { a, b, domain: line.domain, count: 0 });
    found.get(key).count += 1;
  }
  return [...found.values()];
}

// Zones with all sites in them and in the zones within them, and the hull around those (Andrew's monotone chain).
function zoneAreas(model) {
  return model.zones.map((zone, index) => {
    const inside = (number) => {
      for (let steps = 0; number >= 0 && steps < 9; steps += 1) {
        if (number === index) return true;
        number = model.zones[number].within;
      }
      return false;
    };
    const sites = model.sites.filter((site) => site.placed && inside(site.zone));
    return { zone, sites, hull: hull(sites) };
  }).filter((area) => area.sites.length).sort((one, other) => other.sites.length - one.sites.length);
}

function hull(points) {
  const sorted = [...points].sort((p, q) => p.x - q.x || p.y - q.y);
  if (sorted.length < 3) return sorted;
  const half = (list) => {
    const found = [];
    for (const p of list) {
      while (found.length > 1) {
        const a = found[found.length - 2], b = found[found.length - 1];
        if ((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) > 0) break;
        found.pop();
      }
      found.push(p);
    }
    found.pop();
    return found;
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

// Everything whose name or title contains the words, whole names first.
function search(model, words, limit) {
  const wanted = words.trim().toLowerCase();
  if (!wanted) return [];
  const found = [];
  for (const list of [model.sites, model.services, model.devices, model.fibres]) {
    for (const item of list) {
      const texts = [item.name, item.title || ""].map((text) => text.toLowerCase());
      if (texts.some((text) => text.includes(wanted))) found.push({ item, whole: texts.includes(wanted) });
    }
  }
  for (const service of model.services) {
    for (const end of service.ends) {
      const texts = [end.host, end.participant ? end.participant.title : ""].map((text) => text.toLowerCase());
      if (texts.some((text) => text.includes(wanted))) found.push({ item: end, whole: texts.includes(wanted) });
    }
  }
  return found.sort((one, other) => other.whole - one.whole).slice(0, limit).map((one) => one.item);
}

// A round length for the scale bar: 1, 2 or 5 times a power of ten, at most `pixels` long at `scale` pixels a kilometre.
function scaleLength(scale, pixels) {
  const most = pixels / scale, power = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].map((factor) => factor * power).find((length) => length <= most * 1.0000001);
}
