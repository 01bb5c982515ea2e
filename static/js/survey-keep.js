// Keeps what a client writes on this device until it is sent, so that a lost connection loses nothing. Sends nothing.
(() => {
  const WEEK = 6048e5;
  const survey = "survey:" + location.pathname.split("/")[2] + ":";
  const form = document.querySelector("form[data-keep]");
  const name = form && survey + form.dataset.keep;
  const fields = form ? [...form.querySelectorAll("textarea, input[type=text]")] : [];

  try {
    for (const key of Object.keys(localStorage).filter((one) => one.startsWith("survey:"))) {
      const kept = JSON.parse(localStorage[key]);
      const arrived = key.startsWith(survey) && kept.sent && key !== name; // another page came: it was taken
      if (arrived || Date.now() - kept.at > WEEK) localStorage.removeItem(key);
    }
    if (!form) return;
    const kept = JSON.parse(localStorage[name] || "{}").words || {};
    const lost = fields.filter((field) => kept[field.name] && kept[field.name].trim() !== field.value.trim());
    for (const field of lost) field.value = kept[field.name];
    if (lost.length) {
      const note = document.createElement("p");
      note.className = "hint";
      note.setAttribute("role", "status");
      note.textContent = form.dataset.kept;
      lost[0].before(note);
      const more = lost[0].closest("details");
      if (more) more.open = true;
    } else localStorage.removeItem(name);

    const keep = (sent) => {
      const words = {};
      for (const field of fields) if (field.value !== field.defaultValue) words[field.name] = field.value;
      if (Object.keys(words).length) localStorage[name] = JSON.stringify({ at: Date.now(), sent, words });
      else localStorage.removeItem(name);
    };
    form.addEventListener("input", () => keep(false));
    form.addEventListener("submit", () => keep(true));
  } catch {
    // no room, or not allowed: the page works without
  }
})();
