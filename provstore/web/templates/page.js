"use strict";
// Only comfort: without it the page says the same, and nothing can be searched for.
(() => {
  const form = document.getElementById("filter");
  const field = document.getElementById("words");
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const stages = [...document.querySelectorAll(".stage")].map((element) => ({
    element,
    wasOpen: element.open,
    name: element.querySelector("h3").textContent.toLowerCase(),
    rows: [...element.querySelectorAll("tr[data-state]")].map((row) => ({
      row,
      why: row.cells[1].textContent.toLowerCase(),
      inner: row.querySelector("details"),
      tasks: [...row.querySelectorAll(".tasks > li")].map((item) => ({ item, text: item.textContent.toLowerCase() })),
    })),
  }));

  const apply = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const states = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const filters = words.length > 0 || states.size < boxes.length;
    const fits = (text) => words.every((word) => text.includes(word));
    let found = 0;
    for (const stage of stages) {
      let inStage = 0;
      for (const { row, why, inner, tasks } of stage.rows) {
        const shown = states.has(row.dataset.state) ? tasks.filter(({ text }) => fits(`${stage.name} ${text} ${why}`)) : [];
        const visible = new Set(shown);
        for (const task of tasks) task.item.hidden = !visible.has(task);
        row.hidden = shown.length === 0;
        if (inner) inner.open = words.length > 0 && shown.length > 0 && shown.length <= 50;
        inStage += shown.length;
      }
      stage.element.hidden = filters && inStage === 0;
      stage.element.open = words.length > 0 ? inStage > 0 : stage.wasOpen;
      found += inStage;
    }
    const unit = found === 1 ? "task" : "tasks";
    document.getElementById("found").textContent = filters ? `${found.toLocaleString("en")} ${unit} found` : "";
  };

  const show = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") target.open = true;
  };

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const element of folded) element.open = true;
  });
  addEventListener("afterprint", () => {
    for (const element of folded) element.open = false;
  });
  addEventListener("hashchange", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", apply);
  form.hidden = false;
  apply();
  show();
})();
