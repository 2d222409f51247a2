// The page is whole without this: it adds sorting, copying and a closer look.
"use strict";

for (const table of document.querySelectorAll("table.figures")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column]?.dataset.key ?? row.cells[column]?.textContent ?? "";
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x === "" || y === "") return (x === "") - (y === ""); // what has no value comes last
        const order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
        return down ? -order : order;
      });
      table.tBodies[0].append(...rows);
    });
  });
}

for (const box of document.querySelectorAll(".box")) {
  const button = document.createElement("button");
  button.className = "copy";
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const pre = box.querySelector("pre");
    try {
      await navigator.clipboard.writeText(pre.textContent);
    } catch {
      getSelection().selectAllChildren(pre);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  box.append(button);
}

// A link to a recipe opens it.
const open = () => {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
};
addEventListener("hashchange", open);
open();
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));

const dialog = document.querySelector("dialog");
if (dialog?.showModal) {
  const [after, before] = dialog.querySelectorAll(".stage img");
  const stage = dialog.querySelector(".stage");
  const slider = dialog.querySelector("input");
  const title = dialog.querySelector(".title");
  const full = dialog.querySelector("a");
  const photo = document.querySelector("img.content");
  const cut = (share) => { slider.value = share; stage.style.setProperty("--cut", `${share}%`); };
  slider.addEventListener("input", () => cut(slider.value));
  const drag = (event) => {
    if (event.type === "pointermove" && !event.buttons) return;
    const place = stage.getBoundingClientRect();
    cut(Math.max(0, Math.min(100, (100 * (event.clientX - place.left)) / place.width)));
  };
  stage.addEventListener("pointerdown", drag);
  stage.addEventListener("pointermove", drag);
  dialog.querySelector("button").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  const shots = [...document.querySelectorAll("a.shot")];
  let shown = 0;
  const show = (n) => {
    shown = (n + shots.length) % shots.length;
    const picture = shots[shown].querySelector("img");
    after.src = picture.src;
    after.width = picture.width;
    after.alt = picture.alt;
    title.textContent = picture.alt;
    full.href = shots[shown].href;
    if (photo) before.src = photo.src;
    before.hidden = slider.parentElement.hidden = !photo;
    cut(0);
    if (!dialog.open) dialog.showModal();
  };
  shots.forEach((shot, n) => shot.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(n);
  }));
  dialog.addEventListener("keydown", (event) => {
    if (document.activeElement === slider) return;
    if (event.key === "ArrowRight") show(shown + 1);
    if (event.key === "ArrowLeft") show(shown - 1);
  });
}
