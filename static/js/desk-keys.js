// Keys for people who read many rows: j, k, Enter, a, r, / and ?, and the numbers of [data-key] buttons.
// Every page works without this file.
// The selected row is the one that holds the focus, so a screen reader hears what j and k select.
(() => {
  const OFF = "clientele-keys-off"; // in localStorage: this reader wants no single-key shortcuts (WCAG 2.1.4)
  const BACK = "clientele-keys-row"; // in sessionStorage: the row to select again after an action on it
  const dialog = document.getElementById("shortcuts");

  const stored = (area, key, value) => {
    try {
      if (value === undefined) return area().getItem(key);
      if (value === null) area().removeItem(key);
      else area().setItem(key, value);
    } catch {
      // storage is blocked: the keys work, nothing is remembered
    }
    return null;
  };
  const local = () => localStorage;
  const tab = () => sessionStorage;

  const rows = () => [...document.querySelectorAll("[data-keys-row]")].filter((row) => row.checkVisibility());
  const selected = () => document.activeElement?.closest?.("[data-keys-row]");
  const select = (row) => {
    row?.querySelector("[data-keys-open]")?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  };

  const move = (step) => {
    const all = rows();
    if (!all.length) return false;
    const at = all.indexOf(selected());
    select(all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))]);
    return true;
  };

  // On a list the keys mean the selected row; on a flag's page they mean the flag.
  const place = () => (rows().length ? selected() : document);

  const acknowledge = () => {
    const form = place()?.querySelector("form[data-keys-a]");
    if (!form) return false;
    if (place() !== document) stored(tab, BACK, selected().id);
    form.requestSubmit();
    return true;
  };

  const toResolve = () => {
    const form = document.querySelector("[data-keys-resolve]");
    if (!form) return false;
    form.closest("details").open = true;
    form.scrollIntoView({ block: "center" });
    form.querySelector("input[type=radio]:checked, input[type=radio]")?.focus({ preventScroll: true });
    return true;
  };

  const resolve = () => {
    if (!rows().length) return toResolve();
    const link = selected()?.querySelector("a[data-keys-r]");
    if (!link) return false;
    location.assign(link.href);
    return true;
  };

  const search = () => {
    const field = document.querySelector("input[type=search]");
    field?.focus();
    field?.select();
    return Boolean(field);
  };

  const help = () => {
    if (!dialog || dialog.open) return false;
    dialog.showModal();
    return true;
  };

  const actions = { j: () => move(1), k: () => move(-1), a: acknowledge, r: resolve, "/": search, "?": help };
  const typing = (target) =>
    target.isContentEditable || (target.matches?.("input, textarea, select") && !target.matches("[type=radio], [type=checkbox]"));

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target) || document.querySelector("dialog[open]") || stored(local, OFF)) return;
    const numbered = /^[0-9]$/.test(event.key) && document.querySelector(`button[data-key="${event.key}"]`);
    if (numbered && !event.repeat) {
      event.preventDefault();
      numbered.click();
    }
    if (Object.hasOwn(actions, event.key) && actions[event.key]()) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-shortcuts]")) help();
    const toForm = event.target.closest("a[data-keys-r][href^='#']");
    if (toForm && toResolve()) event.preventDefault();
  });

  const choice = document.querySelector("[data-keys-on]");
  if (choice) {
    choice.checked = !stored(local, OFF);
    choice.addEventListener("change", () => stored(local, OFF, choice.checked ? null : "yes"));
  }

  const back = stored(tab, BACK);
  if (back) {
    stored(tab, BACK, null);
    select(document.getElementById(back));
  }
  // After the browser has gone to the fragment itself, which would take the focus away again.
  if (location.hash === "#resolve") window.addEventListener("load", () => setTimeout(toResolve));
})();
