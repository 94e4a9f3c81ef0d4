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
      await navigator.clipboard.writeText((source.value ?? source.textContent).trim());
      const label = button.querySelector("span");
      const before = label.textContent;
      label.textContent = button.dataset.done;
      document.getElementById("live").textContent = button.dataset.done;
      setTimeout(() => { label.textContent = before; }, 2000);
    } catch {
      getSelection().selectAllChildren(source);
    }
  });

  // Live: when the stream tells that something has happened, the marked parts of this page are asked for again and put in place.
  // What has the focus stays, and a lost stream or answer leaves the page as it is.
  const sign = document.getElementById("stream");
  const parts = () => [...document.querySelectorAll("[data-live][id]")];
  if (sign && parts().length && window.EventSource) {
    const say = (text) => { document.getElementById("live").textContent = text; };
    const show = (on) => {
      sign.hidden = false;
      sign.classList.toggle("lost", !on);
      const text = on ? sign.dataset.on : sign.dataset.off;
      if (sign.lastElementChild.textContent !== text) sign.lastElementChild.textContent = text;
    };
    let busy = false, again = false, said = 0;
    const look = async () => {
      again = busy;
      if (busy) return;
      busy = true;
      try {
        const answer = await fetch(location.href, { headers: { "Grantkeep-Live": "1" } });
        if (answer.redirected) { location.reload(); return; }
        const page = new DOMParser().parseFromString(answer.ok ? await answer.text() : "", "text/html");
        for (const part of parts()) {
          const fresh = page.getElementById(part.id);
          if (!fresh || part.contains(document.activeElement) || fresh.outerHTML === part.outerHTML) continue;
          part.replaceWith(document.adoptNode(fresh));
          const heading = fresh.querySelector("h2, .lead");
          if (heading && Date.now() - said > 10000) { said = Date.now(); say(heading.textContent.trim()); }
        }
      } catch { /* the next event asks again */ }
      busy = false;
      if (again) setTimeout(look, 2000);
    };
    const stream = new EventSource(sign.dataset.stream);
    stream.onopen = () => show(true);
    stream.onerror = () => show(false);
    stream.onmessage = look;
  }

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
