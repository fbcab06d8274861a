/** Dark or light: as the system has it, or as the reader chose. Before the page is shown, so that it does not flash. */

const KEY = "theme";
const root = document.documentElement;

function stored() {
  try {
    return localStorage.getItem(KEY) ?? "auto";
  } catch {
    return "auto"; // Storage is off.
  }
}

function store(/** @type {string} */ theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Storage is off: the choice lasts as long as the page.
  }
}

root.dataset.theme = stored();

/** @param {HTMLElement} field the radio buttons */
export function offerThemes(field) {
  for (const input of field.querySelectorAll("input")) {
    input.checked = input.value === root.dataset.theme;
    input.addEventListener("change", () => {
      root.dataset.theme = input.value;
      store(input.value);
    });
  }
}
