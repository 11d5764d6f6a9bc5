"use strict";
// Looks through the vault's messages, one file after the other, the newest month first. A file is a script that calls
// m() for each message; only messages that match are kept, and the script goes. What the browser's own cache of compiled
// scripts keeps of it is out of a page's reach: in Chromium about 15 MB for 100,000 messages, until V8 lets it age.
(() => {
  const AT_ONCE = 100; // hits to show before asking whether to go on
  const OF_A_MONTH = 500; // the newest hits of a month that are kept
  const AROUND = 160; // characters of a message to show
  const SIGNS = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]/g; // accents, and the vowel signs of Hebrew and Arabic
  const [ask, words, chat, state, found, more] =
    ["ask", "words", "chat", "state", "found", "more"].map((id) => document.getElementById(id));
  let list = { split: "month", titles: {}, files: [] };
  let turn = 0; // the search that is under way: an older one ends when it sees that it is not
  let loading = Promise.resolve();
  let goOn = null;

  const fold = (text) => text.toLowerCase().normalize("NFD").replace(SIGNS, "").normalize("NFC");
  // As long as the text itself, so that places are the same in both.
  const foldedInPlace = (text) => Array.from(text, (sign) => {
    const folded = fold(sign);
    return folded.length === sign.length ? folded : sign;
  }).join("");

  window.tobs = (value) => { list = value; };

  const load = (path) => {
    const script = document.createElement("script");
    loading = new Promise((done) => { script.onload = script.onerror = done; });
    script.src = path.split("/").map(encodeURIComponent).join("/");
    document.head.append(script);
    return loading.finally(() => script.remove());
  };

  const wanted = (typed) => {
    const parts = typed.match(/-?"[^"]*"|\S+/g) || [];
    const query = { all: [], none: [] };
    for (const part of parts) {
      const without = part.length > 1 && part.startsWith("-");
      const word = fold(part.slice(without ? 1 : 0).replaceAll('"', ""));
      if (word.trim()) (without ? query.none : query.all).push(word);
    }
    return query;
  };

  const fits = (query, text) => {
    const folded = fold(text);
    return query.all.every((word) => folded.includes(word)) && !query.none.some((word) => folded.includes(word));
  };

  const noteOf = (time) => time.slice(0, { day: 10, month: 7, year: 4 }[list.split] || 0) || "messages";

  const newestFirst = (one, other) => (one[2] === other[2] ? other[1] - one[1] : one[2] < other[2] ? 1 : -1);

  const element = (name, text = "", style = "") => {
    const made = document.createElement(name);
    made.textContent = text;
    if (style) made.className = style;
    return made;
  };

  const excerpt = (query, text) => {
    const box = element("p", "", "text");
    box.dir = "auto";
    const line = text.replace(/\s+/g, " ");
    const folded = foldedInPlace(line);
    const places = query.all.map((word) => folded.indexOf(word)).filter((at) => at >= 0);
    const near = Math.max(0, (places.length ? Math.min(...places) : 0) - AROUND / 4);
    const blank = near ? line.slice(near, near + AROUND / 4).indexOf(" ") : -1;
    const start = near + blank + 1; // at a word's beginning, where there is one
    const end = Math.min(line.length, start + AROUND);
    const marks = [];
    for (const word of query.all) {
      for (let at = folded.indexOf(word, start); at >= 0 && at < end; at = folded.indexOf(word, at + word.length)) {
        marks.push([at, Math.min(end, at + word.length)]);
      }
    }
    marks.sort((one, other) => one[0] - other[0]);
    let at = start;
    box.append(start ? "…" : "");
    for (const [from, to] of marks) {
      if (from < at) continue;
      box.append(line.slice(at, from), element("mark", line.slice(from, to)));
      at = to;
    }
    box.append(line.slice(at, end), end < line.length ? "…" : "");
    return box;
  };

  const show = (query, [folder, id, time, name, text]) => {
    const hit = element("li");
    const link = element("a", time);
    const note = `${folder}/${noteOf(time)}.html`.split("/").map(encodeURIComponent).join("/");
    link.href = `${note}#m${id}`;
    const title = element("bdi", list.titles[folder] || folder);
    const head = element("header");
    head.append(element("b", name), " ", link, " · ", title);
    hit.append(head, excerpt(query, text));
    found.append(hit);
  };

  const search = async () => {
    const mine = ++turn;
    const given = new URLSearchParams(location.hash.slice(1));
    words.value = given.get("q") || "";
    chat.value = given.get("chat") || "";
    found.replaceChildren();
    more.hidden = true;
    const query = wanted(words.value);
    if (!query.all.length) return;
    const files = list.files.filter((file) => !chat.value || file[0] === chat.value || file[0].startsWith(chat.value + "/"));
    const months = [...new Set(files.map((file) => file[1]))];
    let shown = 0;
    let matching = 0;
    let page = AT_ONCE;
    let hits = [];
    for (const [index, file] of files.entries()) {
      await loading; // of an older search, whose messages must not come here
      if (mine !== turn) return;
      let kept = [];
      window.m = (...message) => {
        if (!fits(query, message[3])) return;
        matching += 1;
        kept.push([file[0], ...message]);
        if (kept.length > 2 * OF_A_MONTH) kept = kept.slice(-OF_A_MONTH);
      };
      const month = months.indexOf(file[1]) + 1;
      state.textContent = `${matching} found so far; looking through month ${month} of ${months.length} …`;
      await load(`search/${file[0]}/${file[1]}.js`);
      if (mine !== turn) return;
      hits = hits.concat(kept).sort(newestFirst).slice(0, OF_A_MONTH);
      if (files[index + 1]?.[1] === file[1]) continue;
      for (const hit of hits) {
        if (shown >= page) {
          state.textContent = `The newest ${shown} of at least ${matching}.`;
          more.hidden = false;
          await new Promise((done) => { goOn = done; });
          if (mine !== turn) return;
          more.hidden = true;
          page += AT_ONCE;
        }
        show(query, hit);
        shown += 1;
      }
      hits = [];
    }
    const left = matching > shown ? `, of which the newest ${shown} are shown` : "";
    state.textContent = `${matching === 1 ? "1 message" : `${matching} messages`} found${left}.`;
  };

  ask.addEventListener("submit", (event) => {
    event.preventDefault();
    const asked = new URLSearchParams({ q: words.value });
    if (chat.value) asked.set("chat", chat.value);
    if (location.hash.slice(1) === asked.toString()) search();
    else location.hash = asked.toString();
  });
  more.addEventListener("click", () => goOn && goOn());
  addEventListener("hashchange", search);
  load("search/index.js").then(() => {
    const chats = Object.entries(list.titles).filter(([folder]) => !folder.includes("/"));
    for (const [folder, title] of chats) {
      const option = element("option", title);
      option.value = folder;
      chat.append(option);
    }
    if (!list.files.length) state.textContent = "There is nothing to look through: search/index.js is not beside this page.";
    search();
  });
})();
