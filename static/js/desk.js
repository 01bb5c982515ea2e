// Small comforts of the desk. Every page works without this file.
(() => {
  // htmx requests that change something carry the CSRF token of the page.
  document.addEventListener("htmx:config:request", (event) => {
    const token = document.querySelector('meta[name="csrf-token"]')?.content;
    const request = event.detail.ctx?.request;
    if (token && request) request.headers["X-CSRFToken"] = token;
  });

  // On a phone the tabs scroll sideways: bring the one that is open into sight.
  for (const tabs of document.querySelectorAll(".tabs")) {
    const here = tabs.querySelector("[aria-current=page]")?.getBoundingClientRect();
    if (here) tabs.scrollLeft = here.right - tabs.getBoundingClientRect().right + 16;
  }

  document.addEventListener("click", (event) => {
    const dismiss = event.target.closest("[data-dismiss]");
    if (dismiss) dismiss.closest(".toast-t, .notice")?.remove();

    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const text = document.getElementById(copy.dataset.copy)?.textContent.trim() ?? "";
      navigator.clipboard?.writeText(text).then(() => {
        copy.querySelector("[data-copy-label]").textContent = "Copied";
      });
    }

    // An open menu closes when the reader clicks elsewhere.
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // What a mark says over the text can be put away without moving; the next hover or focus brings it back.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.body.classList.add("tips-off");
  });
  for (const name of ["focusin", "mouseover"]) {
    document.addEventListener(name, (event) => {
      if (event.target.matches("mark.has-why")) document.body.classList.remove("tips-off");
    });
  }

  // The box in a table's head ticks every box of the page.
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-tick-all]")) return;
    for (const box of event.target.form.querySelectorAll('input[type="checkbox"][name="id"]')) {
      box.checked = event.target.checked;
    }
  });

  // A select marked data-autosubmit applies its filter at once; without JavaScript there is the button.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
  });

  // One press of a button is one request: a form that is on its way cannot be sent again.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    const busy = event.submitter?.dataset.busy;
    if (busy) event.submitter.textContent = busy;
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
})();
