// The little that pages do by themselves. Each page works without this file; what needs it has the class `needs-script`.
const root = document.documentElement;
const THEMES = ["auto", "light", "dark"];

// Runs before the page is drawn, so that the chosen theme does not flash.
const stored = () => {
  try {
    return localStorage.getItem("theme") ?? "auto";
  } catch {
    return "auto"; // storage is blocked
  }
};
const show = (theme) => theme === "auto" ? delete root.dataset.theme : root.dataset.theme = theme;
show(stored());
root.dataset.script = "";

const say = (text) => {
  const toast = document.querySelector(".toast");
  if (!toast) return;
  toast.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => toast.textContent = "", 2000);
};

const copy = async (text) => {
  if (navigator.clipboard) return await navigator.clipboard.writeText(text);
  // A page without TLS has no clipboard interface.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("Cannot copy");
};

const copyClicked = async (button) => {
  const text = button.dataset.copy || button.parentElement.querySelector("code").textContent;
  try {
    await copy(text);
    say("Copied");
  } catch {
    say("Cannot copy: select the text instead");
  }
  button.focus();
};

const label = (button) => {
  button.title = `Theme: ${stored()}`;
  button.setAttribute("aria-label", button.title);
};

const nextTheme = (button) => {
  const theme = THEMES[(THEMES.indexOf(stored()) + 1) % THEMES.length];
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // the choice lasts for this page
  }
  show(theme);
  label(button);
};

// Filter as you type: hides the items of a list that do not have the text.
const filter = (input) => {
  const text = input.value.toLowerCase();
  let left = 0;
  for (const item of document.querySelectorAll(`#${input.dataset.filter} > *`)) {
    item.hidden = !(item.querySelector("a")?.textContent ?? "").toLowerCase().includes(text);
    if (!item.hidden) left++;
  }
  const count = document.getElementById(`${input.dataset.filter}-count`);
  if (count) count.textContent = text === "" ? "" : `${left} shown`;
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("copy" in button.dataset) copyClicked(button);
  else if ("theme" in button.dataset) nextTheme(button);
});
document.addEventListener("input", (event) => {
  if (event.target.dataset.filter) filter(event.target);
});
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("button[data-theme]").forEach(label);
  for (const input of document.querySelectorAll("[data-filter]")) if (input.value) filter(input);
});
