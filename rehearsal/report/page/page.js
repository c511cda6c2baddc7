// Filters the actions and opens the log line of a failure. Without this script the page shows everything.
"use strict";

const form = document.getElementById("filters");
const text = document.getElementById("filter-text");
const stage = document.getElementById("filter-stage");
const criticalOnly = document.getElementById("filter-critical");
const shown = document.getElementById("shown");
const nothing = document.getElementById("nothing");
const stages = [...document.querySelectorAll("[data-stage]")].map((section) => ({
  section,
  name: section.dataset.stage,
  rows: [...section.querySelectorAll(".row")].map((row) => ({ row, text: row.textContent.toLowerCase() })),
}));
const total = stages.reduce((sum, { rows }) => sum + rows.length, 0);

function filter() {
  const query = text.value.trim().toLowerCase();
  const statuses = new Set([...form.querySelectorAll("[name=status]:checked")].map((box) => box.value));
  let count = 0;
  for (const { section, name, rows } of stages) {
    const here = !stage.value || stage.value === name;
    let visible = 0;
    for (const entry of rows) {
      const { status, critical } = entry.row.dataset;
      const fits =
        here && statuses.has(status) && (!criticalOnly.checked || critical === "yes") && entry.text.includes(query);
      entry.row.hidden = !fits;
      visible += fits;
    }
    section.hidden = visible === 0;
    count += visible;
  }
  shown.textContent = `${count} of ${total} actions`;
  nothing.hidden = count > 0;
}

function show(target) {
  if (target.closest(".row")?.hidden || target.closest("[data-stage]")?.hidden) {
    form.reset();
    filter();
  }
  for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) {
    box.open = true;
  }
  (target.matches("details") ? target.querySelector("summary") : target).focus({ preventScroll: true });
  target.scrollIntoView({ block: target.matches("details") ? "start" : "center" });
}

function follow() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.closest("main")) {
    show(target);
  }
}

form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
// The fields are reset only after this event.
form.addEventListener("reset", () => setTimeout(filter));
addEventListener("hashchange", follow);
document.addEventListener("click", (event) => {
  // Following the same link again does not fire hashchange.
  const link = event.target.closest("a[href^='#']");
  if (link && link.hash === location.hash) {
    follow();
  }
});

const save = document.getElementById("save");
save.addEventListener("click", () => {
  const data = new Blob([document.getElementById("data").textContent], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(data);
  link.download = "rehearsal.json";
  link.click();
  URL.revokeObjectURL(link.href);
});

form.hidden = false;
save.hidden = false;
filter();
follow();
