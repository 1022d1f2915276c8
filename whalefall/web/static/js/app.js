// What HTML and htmx cannot do alone: dialogs, selection, keys, toasts, the reader's switches.
(() => {
  const root = document.documentElement;
  const find = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const on = (name, run, early) => document.addEventListener(name, run, early);

  // --- htmx: the only place that listens to its events
  on("htmx:configRequest", ({ detail }) => {
    const token = find("meta[name=csrf]");
    if (token && detail.verb !== "get") detail.headers["X-CSRFToken"] = token.content;
  });

  on("htmx:beforeRequest", (event) => {
    const { elt, target } = event.detail;
    // A poll of a hidden tab waits for its return; the trigger fires again by itself.
    if (document.hidden && elt.matches('[hx-trigger*="every"]')) event.preventDefault();
    if (target === modals && !modals.contains(elt)) opener = elt;
  });

  on("htmx:afterSwap", (event) => {
    if ((event.detail.target || event.target) === modals) open(find("dialog", modals));
    // A list that follows what a dialog changed takes the opener away, and the focus with it.
    if (opener && !opener.isConnected && document.activeElement === document.body) goBack();
    wake();
  });

  on("htmx:sendError", () => {
    toasts.append(find("#offline").content.cloneNode(true));
    wake();
  });

  // --- toasts: good news leaves by itself, bad news stays; never more than four
  function wake() {
    for (const toast of all("[data-leaves]")) {
      setTimeout(() => toast.remove(), toast.dataset.leaves);
      delete toast.dataset.leaves;
    }
    for (const old of all("#toasts > .toast").slice(0, -4)) old.remove();
    count();
  }

  // --- dialogs: what is swapped into #modal_root is one; what was typed is not lost by a slip
  const modals = find("#modal_root");
  const toasts = find("#toasts");
  let opener;

  function open(dialog) {
    if (!dialog) return;
    dialog.append(toasts); // beside a modal dialog they could be neither read nor clicked
    dialog.showModal();
    const wrong = find("[aria-invalid]", dialog);
    if (wrong) dialog.dataset.dirty = "";
    const field = ".dialog__body :is(input:not([type=hidden]), select, textarea)";
    (wrong || find("[autofocus]", dialog) || find(field, dialog))?.focus();
  }

  const isDirty = (dialog) => dialog.parentElement === modals && "dirty" in dialog.dataset;

  const leave = (dialog) => (isDirty(dialog) ? find("#unsaved").showModal() : dialog.close());

  const closeModal = () => find("dialog", modals)?.close();

  on("input", ({ target }) => {
    const dialog = target.closest("#modal_root > dialog");
    if (dialog && !target.closest("[role=search]")) dialog.dataset.dirty = "";
  });

  on("cancel", (event) => {
    if (!event.target.matches("dialog") || !isDirty(event.target)) return;
    event.preventDefault();
    leave(event.target);
  }, true);

  on("close", ({ target }) => {
    if (target.parentElement !== modals || !modals) return;
    document.body.append(toasts);
    target.remove();
    goBack();
  }, true);

  function goBack() {
    if (opener && !opener.isConnected) {
      opener = find(`main [href="${CSS.escape(opener.getAttribute("href"))}"]`);
    }
    (opener?.closest(".menu")?.previousElementSibling || opener)?.focus();
  }

  on("modal:close", closeModal);

  // --- clicks
  const deeds = {
    dismiss: (button) => button.closest(".toast, .banner").remove(),
    close: (button) => button.closest("dialog").close(),
    leave: (button) => leave(button.closest("dialog")),
    discard: (button) => {
      button.closest("dialog").close();
      closeModal();
    },
    palette: () => {
      find("#palette")?.showModal();
      find("#palette_q")?.select();
    },
    rail: (button) => {
      if (root.dataset.rail) delete root.dataset.rail;
      else root.dataset.rail = "small";
      button.value = root.dataset.rail || "full";
    },
    copy: ({ dataset, classList }) =>
      navigator.clipboard?.writeText(dataset.text).then(() => classList.add("button--primary")),
  };

  on("click", (event) => {
    const { target } = event;
    const button = target.closest("[data-do]");
    if (button) {
      if (button.type !== "submit") event.preventDefault();
      deeds[button.dataset.do](button);
    }
    target.closest(".menu > *")?.parentElement.hidePopover();
    // A click beside a dialog is one on the dialog itself.
    if (target.matches("#palette, #modal_root > dialog")) leave(target);
    // The form around it tells the server.
    const theme = target.closest("[data-theme-choice]");
    if (theme) choose(theme.dataset.themeChoice);
  });

  // --- dangerous forms ask first, in a dialog of their own that holds the real submit button
  on("submit", (event) => {
    const dialog = event.target.dataset.confirm && find(`#${event.target.dataset.confirm}`);
    if (!dialog || dialog.open) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    dialog.showModal();
  }, true);

  // --- charts: the pointer reads the nearest cell of the table below
  on("pointermove", ({ target, clientX, clientY }) => {
    const chart = target.closest?.("[data-hover]");
    if (!chart) return;
    const box = chart.getBoundingClientRect();
    let best, least = Infinity;
    for (const cell of all("[data-y]", chart.nextElementSibling)) {
      const x = (cell.parentElement.dataset.x / 100) * box.width;
      const far = Math.abs(x - clientX + box.left) * 99 + Math.abs(cell.dataset.y - clientY + box.top);
      if (far < least) [best, least] = [cell, far];
    }
    if (!best) return;
    const { x } = best.parentElement.dataset;
    const [head, row] = [best.closest("table").tHead.rows[0], best.parentElement];
    const cells = [head.cells[best.cellIndex], row.cells[0], best];
    const set = (part, name, value) => find(part, chart).setAttribute(name, value);
    set(".chart__mark", "x", `${x}%`);
    set(".chart__mark circle", "cy", best.dataset.y);
    set(".chart__label", "text-anchor", x < 20 ? "start" : x > 80 ? "end" : "middle");
    find(".chart__label", chart).textContent = cells.map((cell) => cell.textContent).join(" · ");
  });

  // --- selected rows
  const boxes = () => all("[name=ids][form=bulk]");
  let last;

  function count() {
    const bar = find("#bulk");
    if (!bar) return;
    const chosen = boxes().filter((box) => box.checked).length;
    const head = find("[data-all]");
    bar.hidden = !chosen;
    const said = find("output", bar);
    said.value = said.dataset.text.replace("#", chosen);
    if (!head) return;
    head.checked = chosen && chosen === boxes().length;
    head.indeterminate = chosen && !head.checked;
  }

  on("change", ({ target }) => {
    if (target.matches("[data-all]")) for (const box of boxes()) box.checked = target.checked;
    count();
  });

  function select(isRange) {
    const box = find("[name=ids]", row());
    if (!box) return;
    const found = boxes();
    const here = found.indexOf(box);
    const from = isRange && found.includes(last) ? found.indexOf(last) : here;
    const value = isRange || !box.checked;
    for (const each of found.slice(Math.min(from, here), Math.max(from, here) + 1)) {
      each.checked = value;
    }
    last = box;
    count();
  }

  // --- theme
  function choose(theme) {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    for (const each of all("[data-theme-choice]")) {
      each.ariaCurrent = each.dataset.themeChoice === theme || null;
    }
  }

  const isDark = () =>
    (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches && "dark")) === "dark";

  // --- keys
  const isTyping = (element) =>
    element.closest("select, textarea, [contenteditable], input:not([type=checkbox])");
  let prefix = 0;

  const row = () => document.activeElement.closest("tbody tr") || new DocumentFragment();

  function step(links, by) {
    const now = links.findIndex((link) => link.closest("tr, a").contains(document.activeElement));
    links[Math.max(now + by, 0)]?.focus();
  }

  const walk = (by) => step(all("tbody tr > th a, tbody tr > td:first-child > a"), by);

  // A control of the row in focus, else the one of the page.
  function press(key, inRow = "") {
    const own = find(`[data-key=${key}]${inRow}`, row());
    (own || all(`[data-key=${key}]`).find((each) => !each.closest("tbody")))?.click();
  }

  const keys = {
    "/": () => find("main input[type=search]")?.focus(),
    "?": () => find("#keys")?.showModal(),
    j: () => walk(1),
    k: () => walk(-1),
    x: () => select(false),
    X: () => select(true),
    e: () => press("e", ', [href$="/edit"]'),
    s: () => press("s", ', [formaction*="/sync"]'),
    n: () => press("n"),
    r: () => press("r"),
    t: () => find(`[data-theme-choice=${isDark() ? "light" : "dark"}]`)?.click(),
  };
  const arrows = { ArrowDown: 1, ArrowUp: -1 };

  on("keydown", (event) => {
    const { key, target } = event;
    if (key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!find("dialog[open]")) deeds.palette();
    } else if (key in arrows && target.closest("#palette, table, main [type=search]")) {
      event.preventDefault();
      if (target.closest("#palette")) step(all("#palette_results a"), arrows[key]);
      else walk(arrows[key]);
    } else if (target.role === "tab" && /Left|Right/.test(key)) {
      step(all("[role=tab]"), key === "ArrowLeft" ? -1 : 1);
    } else if (key === "Enter" && target.id === "palette_q") {
      event.preventDefault();
      find("#palette_results a")?.click();
    } else {
      letter(event);
    }
  });

  function letter(event) {
    const { key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.body.dataset.keys === "off" || find("dialog[open]")) return;
    const link = Date.now() - prefix < 1200 && find(`[data-go="${CSS.escape(key)}"]`);
    prefix = key === "g" ? Date.now() : 0;
    if (!link && !keys[key]) return;
    event.preventDefault();
    if (link) link.click();
    else keys[key]();
  }

  wake();
})();
