// The search of the manual, and the list of documents, which folds where there is little room.
"use strict";

const words = document.getElementById("words");
const found = document.getElementById("found");
const article = document.querySelector("article");
const MOST = 30;
let sections = null;

const narrow = matchMedia("(max-width: 899px)");
const fold = () => { document.getElementById("list").open = !narrow.matches; };
narrow.addEventListener("change", fold);
fold();

const element = (name, text, more = {}) => Object.assign(document.createElement(name), { textContent: text }, more);

// The words before and after the first of them that was found.
function excerpt(text, wanted) {
  const lower = text.toLowerCase();
  const at = Math.max(0, Math.min(...wanted.map((word) => lower.indexOf(word)).filter((place) => place >= 0)));
  const start = Number.isFinite(at) ? Math.max(0, at - 60) : 0;
  return (start ? "… " : "") + text.slice(start, start + 200) + (text.length > start + 200 ? " …" : "");
}

function matching(wanted) {
  const has = (text, word) => text.toLowerCase().includes(word);
  const ranked = [];
  for (const section of sections) {
    const whole = `${section.title} ${section.heading} ${section.text}`;
    if (!wanted.every((word) => has(whole, word))) continue;
    const inHeading = wanted.filter((word) => has(section.heading, word)).length;
    const inText = wanted.filter((word) => has(section.text, word)).length;
    ranked.push({ section, rank: 2 * inHeading + inText });
  }
  return ranked.sort((a, b) => b.rank - a.rank).map(({ section }) => section);
}

function show() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  found.hidden = !wanted.length;
  article.hidden = Boolean(wanted.length);
  if (!wanted.length || !sections) return;
  const hits = matching(wanted);
  const count = hits.length === 1 ? "1 section" : `${hits.length} sections`;
  const note = hits.length > MOST ? `; the first ${MOST}` : "";
  found.replaceChildren(element("p", hits.length ? `${count}${note}` : "Nothing found; try fewer or other words."));
  for (const { page, title, heading, text } of hits.slice(0, MOST)) {
    const entry = element("div", "", { className: "hit" });
    entry.append(element("a", heading, { href: page }), element("span", title === heading ? "" : title));
    entry.append(element("p", excerpt(text, wanted)));
    found.append(entry);
  }
}

words.addEventListener("focus", async () => {
  if (sections) return;
  sections = [];
  try {
    const answer = await fetch("search.json");
    if (!answer.ok) throw new Error(String(answer.status));
    sections = await answer.json();
  } catch {
    sections = null;
    found.replaceChildren(element("p", "What the search looks through did not arrive; reload this page."));
  }
  show();
});
words.addEventListener("input", show);
words.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    words.value = "";
    show();
  } else if (event.key === "Enter") {
    found.querySelector("a")?.focus();
  }
});
// A hit on the page that is open changes the fragment only.
addEventListener("hashchange", () => {
  words.value = "";
  show();
  document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
});
