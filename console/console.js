// What a browser with JavaScript has beside the pages, which are whole without it.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  // Copying: the text of the element that a button names.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    if (!source || !navigator.clipboard) return;
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      const label = button.querySelector("span");
      const before = label.textContent;
      label.textContent = button.dataset.done;
      document.getElementById("live").textContent = button.dataset.done;
      setTimeout(() => { label.textContent = before; }, 2000);
    } catch {
      getSelection().selectAllChildren(source);
    }
  });

  // Keys, unless the person has switched them off (WCAG 2.1.4).
  if (root.dataset.keys === "off") return;
  const rows = () => [...document.querySelectorAll("[data-row] a")];
  document.addEventListener("keydown", (event) => {
    const at = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || at.closest("input, textarea, select")) return;
    const list = rows();
    const now = list.indexOf(document.activeElement);
    switch (event.key) {
      case "/": {
        const box = document.querySelector("[role=search] input[name=q]");
        if (!box) return;
        event.preventDefault();
        box.focus();
        break;
      }
      case "j":
        list[Math.min(now + 1, list.length - 1)]?.focus();
        break;
      case "k":
        list[Math.max(now - 1, 0)]?.focus();
        break;
      case "c":
        document.querySelector("[data-copy]")?.click();
        break;
    }
  });
})();
