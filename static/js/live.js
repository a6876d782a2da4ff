// An open liveblog renews itself and never moves what is being read. A counted one begins when its text has come.
(() => {
  "use strict";
  const begin = () => {
  const find = (name) => document.querySelector(name), row = (id) => document.getElementById(`entry-${id}`);
  const live = find("[data-live]"), list = find(".live__entries"), points = find(".live__points");
  const status = find("[data-status]"), button = find("[data-new] button"), now = live.dataset;
  const { reversed } = list; // newest first
  const held = new Map(); // new, until the reader is where they go
  const box = (node) => node.getBoundingClientRect();
  const many = (number, what) => `${number} ${what}entr${number - 1 ? "ies" : "y"}`;
  let { version } = now, print = "", failures = 0, timer, asking;

  const made = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html; // our own
    return template.content;
  };
  const sort = (rows, sign) =>
    [...rows.children]
      .map((one) => [one, one.dataset])
      .sort(([, a], [, b]) => b.pinned - a.pinned || sign * (a.at - b.at || a.id - b.id))
      .forEach(([one], place) => rows.children[place] === one || rows.insertBefore(one, rows.children[place]));
  const setPoint = (id, html) => {
    points.querySelector(`[data-id="${id}"]`)?.remove();
    points.append(made(html));
    sort(points, 1);
    points.parentNode.hidden = !points.children.length;
  };

  // What stands at the top of the window stays there.
  const steadily = (work) => {
    const below = live.nextElementSibling || live;
    const seen = [...list.children, below].filter((one) => box(one).bottom > 0).map((one) => [one.dataset.id, box(one).top]);
    work();
    const mark = seen.find(([id]) => !id || row(id));
    if (mark) scrollBy({ top: box(row(mark[0]) || below).top - mark[1], behavior: "instant" });
  };
  const show = () => {
    for (const { id, html, point } of held.values()) {
      list.append(made(html));
      setPoint(id, point);
    }
    held.clear();
    sort(list, reversed ? -1 : 1);
  };
  const settle = () => {
    const { top, bottom } = box(list);
    if (!document.hidden && (reversed ? top > -2 : bottom < innerHeight + 2)) reversed ? show() : steadily(show);
    const { size } = held;
    button.parentNode.hidden = !size;
    button.textContent = many(size, "new ");
    document.title = (size ? `(${size}) ` : "") + document.title.replace(/^\(\d+\) /, "");
    find("[data-count]").textContent = many(list.children.length + size, "");
  };

  const take = (news) => {
    let fresh = 0, changed = 0;
    steadily(() => {
      for (const entry of news.entries) {
        const { id, removed } = entry, old = row(id), waits = held.delete(id);
        if (old) {
          changed++;
          old.replaceWith(made(entry.html)); // a pin moves it later
          setPoint(id, entry.point);
        } else if (!removed) {
          fresh += !waits;
          held.set(id, entry);
        }
      }
    });
    settle();
    version = news.version;
    const ending = made(news.ending).textContent;
    if (ending) find(".live-state").replaceWith(made(news.state));
    const said = [fresh && many(fresh, "new "), changed && many(changed, "changed "), ending].filter(Boolean);
    if (said[0]) find("[data-said]").textContent = said.join(". ");
    return ending;
  };

  const say = (words, isRight) => {
    status.textContent = words;
    status.nextElementSibling.hidden = isRight;
  };
  const plan = () => {
    clearTimeout(timer);
    now.wait = Math.min((document.hidden ? now.hiddenEvery : now.every) * 2 ** failures, 300000);
    timer = setTimeout(ask, now.wait * (0.8 + Math.random() * 0.4)); // no crowd in step
  };
  const ask = async () => {
    if (asking) return; // or over
    asking = true;
    let over;
    try {
      const headers = { "If-None-Match": print };
      const answer = await fetch(`${now.live}?after=${version}`, { headers, signal: AbortSignal.timeout(20000) });
      if (answer.ok) {
        over = take(await answer.json());
        print = answer.headers.get("ETag") || "";
      } else if (/40[34]/.test(answer.status)) over = now.over;
      else if (answer.status !== 304) throw answer;
      failures = 0;
    } catch {
      failures++;
    }
    if (over) return say(over);
    asking = false;
    say(failures ? now.broken : now.good, !failures);
    plan();
  };

  button.addEventListener("click", () => {
    const [first] = held.keys();
    show();
    settle();
    const target = reversed ? list.firstElementChild : row(first);
    target.tabIndex = -1;
    target.focus();
  });
  addEventListener("scroll", () => held.size && settle(), { passive: true });
  addEventListener("online", ask);
  document.addEventListener("visibilitychange", () => {
    settle();
    document.hidden ? plan() : ask();
  });
  say(now.good, true);
  plan();
  };
  if (document.querySelector("[data-live]")) begin();
  else document.addEventListener("story:loaded", begin, { once: true });
})();
