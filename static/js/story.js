// A story's page: counts its read, and loads the next story below, with its own address while it is read.
(() => {
  "use strict";
  const MOST = 5; // below the first
  const main = document.querySelector("main"), first = main.querySelector("article");
  const stories = [{ node: first, url: location.pathname + location.search, title: document.title }];
  let read = stories[0], furthest = 0;

  // Once somebody looks: not when prerendered or in a tab behind, and not for who leaves within a second.
  const LOOK = 1000; // ms
  const count = () => {
    const address = read.node.dataset.seen;
    if (!address || read.counted || document.visibilityState !== "visible" || document.prerendering) return;
    read.counted = true;
    navigator.sendBeacon(address);
  };
  addEventListener("load", () => setTimeout(() => {
    for (const event of ["visibilitychange", "prerenderingchange"]) document.addEventListener(event, count);
    count();
  }, LOOK));
  const turn = (story) => {
    read.node.classList.remove("is-read");
    story.node.classList.add("is-read");
    read = story;
    document.title = story.title;
    count();
  };

  const saves = matchMedia("(prefers-reduced-data: reduce)").matches || (navigator.connection || {}).saveData;

  // What stands in the middle of the window is read. Entered for the first time it is a step in the history.
  const middle = new IntersectionObserver((seen) => {
    const entry = seen.find((one) => one.isIntersecting);
    const place = entry ? stories.findIndex((one) => one.node === entry.target) : -1, story = stories[place];
    if (!story || story === read) return;
    history[place > furthest ? "pushState" : "replaceState"]({ place }, "", story.url);
    history.scrollRestoration = place ? "manual" : "auto";
    furthest = Math.max(furthest, place);
    turn(story);
  }, { rootMargin: "-50% 0px" });

  // Back leads to the end of the story before, where the reader came from; forward to the next one's beginning.
  addEventListener("popstate", (event) => {
    const place = event.state ? event.state.place : 0, story = stories[place];
    if (!story || story === read || location.hash) return;
    const block = place < stories.indexOf(read) ? "end" : "start";
    turn(story);
    story.node.scrollIntoView({ block, behavior: "instant" });
  });

  // No two parts of the page have one name, and links keep to their own story.
  const rename = (node, number) => {
    const named = (id) => `${id}--${number}`, ids = new Set();
    for (const one of node.querySelectorAll("[id]")) {
      ids.add(one.id);
      one.id = named(one.id);
    }
    for (const name of ["for", "aria-describedby"]) {
      for (const one of node.querySelectorAll(`[${name}]`)) one.setAttribute(name, one.getAttribute(name).split(" ").map(named).join(" "));
    }
    // Nor have two landmarks: sections keep their headings alone, lists of links say whose they are.
    for (const part of [node, ...node.querySelectorAll("section")]) for (const name of ["aria-labelledby", "aria-label"]) part.removeAttribute(name);
    for (const list of node.querySelectorAll("nav")) list.ariaLabel += `: ${node.querySelector("h1").textContent}`;
    for (const link of node.querySelectorAll('a[href^="#"]')) if (ids.has(decodeURIComponent(link.hash.slice(1)))) link.hash = named(link.hash.slice(1));
  };

  // The article comes from its own page: it is made in one place only.
  const load = async (section) => {
    near.unobserve(section);
    try {
      const reply = await fetch(section.dataset.next);
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      const node = page.querySelector("main > article"), next = page.querySelector("[data-next]"); // none below a closed one
      const { pathname } = new URL(reply.url);
      if (!reply.ok || !node || stories.some((one) => one.node.dataset.of === node.dataset.of)) return;
      if (node.querySelector("[data-live]")) return; // renews itself on its own page only
      const number = stories.push({ node, url: pathname, title: page.title });
      for (const part of [node, next]) if (part) rename(part, number);
      for (const image of node.querySelectorAll("img")) image.loading = "lazy";
      const card = section.querySelector(".card");
      if (!card.contains(document.activeElement)) card.remove();
      section.classList.add("continued");
      main.classList.add("continues");
      section.after(node);
      middle.observe(node);
      node.dispatchEvent(new CustomEvent("story:loaded", { bubbles: true }));
      if (!next) return; // a closed story ends the row
      node.after(next);
      if (number <= MOST) near.observe(next);
    } catch { /* the link stays */ }
  };
  const near = new IntersectionObserver((seen) => seen.forEach((one) => one.isIntersecting && load(one.target)), { rootMargin: "0px 0px 100%" });
  // Reading on begins once the first story is open; the meter (meter.js) may take a moment to open it.
  const goOn = () => {
    const section = main.querySelector("[data-next], [data-then]");
    if (!section || saves) return;
    section.dataset.next ||= section.dataset.then;
    middle.observe(first);
    near.observe(section);
  };
  if (first.dataset.seen) goOn();
  else first.addEventListener("story:loaded", goOn, { once: true });
  first.classList.add("is-read");
})();
