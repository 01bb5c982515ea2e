// Comforts of the questionnaire builder. Every page works without this file.
(() => {
  const parse = async (response) => new DOMParser().parseFromString(await response.text(), "text/html");

  const send = async (form, act) => {
    const body = new FormData(form);
    if (act) body.set("do", act);
    const action = form.getAttribute("action") || location.href;
    const response = await fetch(action, { method: "POST", body: new URLSearchParams(body), redirect: "follow" });
    return { response, page: await parse(response) };
  };

  // What the server said about a change: the toasts of its page, shown on this one.
  const showToasts = (page) => {
    const main = document.getElementById("content");
    main.querySelector(":scope > .toasts")?.remove();
    const toasts = page.querySelector("#content > .toasts");
    if (toasts) main.prepend(toasts);
  };

  // A change of the list replaces everything but the frame around it; the focus stays with the question.
  const change = async (form, focus) => {
    const at = window.scrollY;
    const { response, page: answer } = await send(form);
    if (!response.ok || !answer.getElementById("builder")) {
      location.reload();
      return;
    }
    const name = shown ?? "rating";
    document.querySelector("#content > .page").replaceWith(answer.querySelector("#content > .page"));
    showToasts(answer);
    if (document.querySelector(`.q-card[data-page="${CSS.escape(name)}"]`)) page(name);
    window.scrollTo(0, at);
    const target = focus && (document.getElementById(focus.id) ?? document.getElementById(focus.next));
    const place = target?.querySelector(focus.inside) ?? target ?? document.querySelector(".builder-head button, .q-open");
    place?.focus({ preventScroll: true });
    target?.scrollIntoView({ block: "nearest" });
  };

  const show = (address) => {
    const frame = document.querySelector(".phone iframe");
    if (frame) frame.src = address;
  };

  const open = ".q-open";
  const move = (card, to) => {
    const form = card.querySelector(`form[data-builder]:has([name=to][value=${to}])`);
    if (form && !form.querySelector("button").disabled) change(form, { id: card.id, inside: open });
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("form[data-builder]")) {
      event.preventDefault();
      const card = form.closest(".q-card");
      const button = event.submitter?.id ? `#${CSS.escape(event.submitter.id)}:not([disabled])` : open;
      const next = (card?.nextElementSibling ?? card?.previousElementSibling)?.id;
      change(form, card && { id: card.id, next, inside: `${button}, ${open}` });
    }
    // Rows of a question's form: only the form comes back, with all that was typed.
    if (form.matches("#question-form") && event.submitter?.matches("[data-row]")) {
      event.preventDefault();
      rearrange(form, event.submitter.value).then(() => typed.add(form));
    }
  });

  // One after another: each sends the form as the one before left it.
  let arranging = Promise.resolve();
  const rearrange = (form, act) => (arranging = arranging.then(() => arrange(form, act)));
  const arrange = async (form, act) => {
    delete form.dataset.sent; // it stays on this page, and is sent again
    const { page } = await send(form, act);
    const fresh = page.getElementById("question-form");
    if (!fresh) {
      location.reload();
      return;
    }
    for (const id of ["options", "conditions"]) {
      const part = fresh.querySelector(`#${id}`);
      if (part) document.getElementById(id)?.replaceWith(part);
    }
    look();
    const added = { "option-add": "[name=option_text]", "condition-add": "[data-look]" };
    const next = act in added ? [...form.querySelectorAll(added[act])].pop() : document.getElementById(following(act));
    (next ?? document.getElementById(act.split("-")[0] + "-add"))?.focus();
  };

  // After "up" the button of the row one higher has the focus, so that pressing again moves on.
  const following = (act) => {
    const [part, what, at] = act.split("-");
    const place = Number(at) + (what === "up" ? -1 : what === "down" ? 1 : 0);
    return `${part}-${what}-${place}`;
  };

  // Another thing to depend on has other values to choose from.
  document.addEventListener("change", (event) => {
    const select = event.target;
    if (!select.matches("#question-form [data-look]")) return;
    rearrange(select.form, "condition-look").then(() => document.getElementById(select.id)?.focus());
  });

  document.addEventListener("keydown", (event) => {
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    const card = event.target.closest?.(".q-card[data-question]");
    if (!card) return;
    event.preventDefault();
    move(card, event.key === "ArrowUp" ? "up" : "down");
  });

  // Dragging by the handle: a line shows where the question would stand.
  let dragged = null;
  const cards = () => [...document.querySelectorAll(".q-card[data-question]")];
  const clear = () => cards().forEach((card) => card.classList.remove("is-over-before", "is-over-after"));
  const below = (card, event) => {
    const box = card.getBoundingClientRect();
    return event.clientY > box.top + box.height / 2;
  };

  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.(".q-grip") ? event.target.closest(".q-card") : null;
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.question);
    event.dataTransfer.setDragImage(dragged, 16, 16);
    dragged.classList.add("is-dragged");
  });
  document.addEventListener("dragover", (event) => {
    const card = dragged && event.target.closest?.(".q-card[data-question]");
    if (!card) return;
    event.preventDefault();
    clear();
    if (card !== dragged) card.classList.add(below(card, event) ? "is-over-after" : "is-over-before");
  });
  document.addEventListener("drop", (event) => {
    const card = dragged && event.target.closest?.(".q-card[data-question]");
    if (!card || card === dragged) return;
    event.preventDefault();
    const others = cards().filter((one) => one !== dragged);
    const form = dragged.querySelector("form[data-builder]:has([name=to])");
    form.querySelector("[name=to]").value = others.indexOf(card) + (below(card, event) ? 1 : 0);
    change(form, { id: dragged.id, inside: open });
  });
  document.addEventListener("dragend", () => {
    clear();
    dragged?.classList.remove("is-dragged");
    dragged = null;
  });

  // The preview follows the question one is on, and keeps the chosen rating and language.
  const page = (name) => {
    const choice = document.querySelector("form[data-preview]");
    if (!choice) return;
    const address = new URL(choice.action);
    address.pathname = `${address.pathname.replace(/\/preview.*/, "/preview")}/${encodeURIComponent(name)}`;
    choice.action = address.href;
    for (const [key, value] of new FormData(choice)) address.searchParams.set(key, value);
    show(address.href);
    for (const link of document.querySelectorAll(".preview-pages a")) {
      link.toggleAttribute("aria-current", new URL(link.href).pathname === address.pathname);
      if (link.hasAttribute("aria-current")) link.setAttribute("aria-current", "true");
    }
  };
  let shown = null;
  const reached = document.getElementById(location.hash.slice(1))?.dataset.page; // of the question just saved
  if (reached && reached !== "rating") {
    shown = reached;
    page(shown);
  }
  document.addEventListener("focusin", (event) => {
    const card = event.target.closest?.(".q-card[data-page]");
    if (!card || card.dataset.page === shown) return;
    shown = card.dataset.page;
    page(shown);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".preview-pages a");
    if (!link) return;
    event.preventDefault();
    shown = decodeURIComponent(new URL(link.href).pathname.split("/").pop());
    page(shown);
  });

  // Beside the form of a question the frame follows what is typed, as soon as it is a question.
  let waiting = 0;
  const look = async () => {
    const form = document.querySelector("form[data-live]");
    const choice = document.querySelector("form[data-preview]");
    const frame = document.querySelector(".phone iframe");
    if (!form || !choice || !frame) return;
    const body = new URLSearchParams(new FormData(form));
    for (const [name, value] of new FormData(choice)) body.set(name, value);
    body.set("do", "preview");
    const mine = ++waiting;
    const response = await fetch(location.href, { method: "POST", body });
    if (response.status === 200 && mine === waiting) frame.srcdoc = await response.text();
  };
  let timer = 0;
  const later = (event) => {
    if (!event.target.form?.matches("[data-live]")) return;
    clearTimeout(timer);
    timer = setTimeout(look, 350);
  };
  document.addEventListener("input", later);
  if (document.querySelector("form[data-live=now]")) look(); // of another type, not saved yet
  document.addEventListener(
    "submit",
    (event) => {
      if (!event.target.matches("[data-preview]") || !document.querySelector("form[data-live]")) return;
      event.preventDefault();
      look();
    },
    true,
  );

  // What was typed and not saved is not lost by a slip, nor what came back because it could not be saved.
  const typed = new WeakSet(document.querySelectorAll("form[data-keep=unsaved]"));
  document.addEventListener("input", (event) => {
    if (event.target.form?.matches("[data-keep]")) typed.add(event.target.form);
  });
  document.addEventListener("submit", (event) => typed.delete(event.target));
  window.addEventListener("beforeunload", (event) => {
    const form = document.querySelector("form[data-keep]");
    if (form && typed.has(form)) event.preventDefault();
  });
})();
