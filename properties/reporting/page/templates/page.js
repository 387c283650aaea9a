"use strict";
(() => {
  const form = document.getElementById("filters");
  const told = document.getElementById("shown");
  const marked = [...document.querySelectorAll("[data-i],[data-o],[data-s]")]
    .filter((element) => !form.contains(element));
  const laws = [...document.querySelectorAll("details.law")]
    .map((law) => [law, [...law.querySelectorAll("tbody tr")]]);
  const parts = [...document.querySelectorAll(".operation")];
  const explained = [...document.querySelectorAll(".explained")];

  // An element that says nothing of a filter's kind, or has it empty, is there whatever is chosen.
  const differs = (element, kind, chosen) =>
    chosen && element.dataset[kind] && !element.dataset[kind].split(" ").includes(chosen);

  function apply() {
    const chosen = Object.fromEntries(new FormData(form));
    for (const element of marked)
      element.hidden = ["i", "o", "s"].some((kind) => differs(element, kind, chosen[kind]));
    let shown = 0, all = 0;
    for (const [law, rows] of laws) {
      const away = law.closest("[hidden]:not(.law)") !== null;
      const left = rows.filter((row) => !row.hidden).length;
      law.hidden = !left;
      all += rows.length;
      shown += away ? 0 : left;
    }
    for (const part of parts)
      part.hidden = part.hidden || !part.querySelector("details.law:not([hidden])");
    for (const part of explained)
      part.hidden = part.hidden || !part.querySelector(".cause:not([hidden])");
    told.textContent = `${shown} of ${all} verdicts shown`;
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const field = document.createElement("textarea");
      field.value = text;
      document.body.append(field);
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      return done;
    }
  }

  for (const script of document.querySelectorAll("pre.script")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy the script";
    button.addEventListener("click", async () => {
      button.textContent = (await copy(script.textContent)) ? "Copied" : "Select it to copy it";
      setTimeout(() => { button.textContent = "Copy the script"; }, 2000);
    });
    script.before(button);
  }

  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  form.reset(); // a browser may remember what was chosen before the page was loaded again
  form.hidden = !laws.length;
})();
