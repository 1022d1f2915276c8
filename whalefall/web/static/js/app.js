// What HTML and htmx cannot do alone: the CSRF header, toasts, dialogs, keys, the theme switch.
(() => {
  const root = document.documentElement;
  const find = (selector, from = document) => from.querySelector(selector);
  const year = 31536000;

  // --- htmx: the only place that listens to its events
  const swapped = (event) => event.detail.target || event.target;

  document.addEventListener("htmx:configRequest", (event) => {
    const token = find('meta[name="csrf"]');
    if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token.content;
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    // A poll of a hidden tab waits for its return; the trigger fires again by itself.
    const trigger = event.detail.elt.getAttribute("hx-trigger") || "";
    if (document.hidden && trigger.includes("every")) event.preventDefault();
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const part = swapped(event);
    if (part && part.querySelectorAll) wake(part);
    wake(find("#toasts"));
  });

  document.addEventListener("htmx:sendError", () => {
    const lost = find("#offline");
    if (lost) find("#toasts").append(lost.content.cloneNode(true));
  });

  // --- toasts: good news leaves by itself, bad news stays; never more than four
  function wake(part) {
    for (const toast of part.querySelectorAll("[data-leaves]")) {
      setTimeout(() => toast.remove(), Number(toast.dataset.leaves));
      toast.removeAttribute("data-leaves");
    }
    const toasts = document.querySelectorAll("#toasts > .toast");
    for (const old of [...toasts].slice(0, -4)) old.remove();
  }

  // --- clicks
  const deeds = {
    dismiss: (button) => button.closest(".toast, .banner").remove(),
    close: (button) => button.closest("dialog").close(),
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) deeds[button.dataset.do](button);
    const theme = event.target.closest("[data-theme-choice]");
    if (theme) {
      event.preventDefault();
      choose(theme.dataset.themeChoice);
    }
  });

  // --- dangerous forms ask first, in a dialog of their own that holds the real submit button
  document.addEventListener("submit", (event) => {
    const dialog = event.target.dataset.confirm && find(`#${event.target.dataset.confirm}`);
    if (!dialog || dialog.open) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    dialog.showModal();
  }, true);

  // --- theme
  function choose(theme) {
    if (theme === "system") root.removeAttribute("data-theme");
    else root.dataset.theme = theme;
    document.cookie = `theme=${theme}; path=/; max-age=${year}; samesite=lax`;
    for (const link of document.querySelectorAll("[data-theme-choice]")) {
      const chosen = link.dataset.themeChoice === theme;
      if (chosen) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  const isDark = () =>
    root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;

  // --- keys
  const typing = (element) => element.closest("input, select, textarea, [contenteditable]");
  let prefix = 0;

  function row(step) {
    const links = [...document.querySelectorAll("tbody th a")];
    const now = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
    const next = links[Math.min(Math.max(now + step, 0), links.length - 1)];
    if (next) next.focus();
  }

  const keys = {
    "/": () => find("input[type=search]")?.focus(),
    "?": () => find("#keys")?.showModal(),
    j: () => row(1),
    k: () => row(-1),
    n: () => find("[data-key=n]")?.click(),
    r: () => find("[data-key=r]")?.click(),
    t: () => choose(isDark() ? "light" : "dark"),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (find("dialog[open]")) return;
    const link = Date.now() - prefix < 1200 && find(`[data-go="${CSS.escape(event.key)}"]`);
    prefix = event.key === "g" ? Date.now() : 0;
    if (link) link.click();
    else if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });

  wake(document);
})();
