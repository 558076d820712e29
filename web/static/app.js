// What every page does with scripts on. Without them the forms and links work by themselves.

import { ModelWatch } from "./models.js";
import { Story } from "./story.js";

const models = new ModelWatch();
const story = document.querySelector("[data-story]");
if (story) new Story(story, models);

// A form that leads to another page says that it is busy, and is sent once.
for (const form of document.querySelectorAll("form[data-busy]")) {
  form.addEventListener("submit", (event) => {
    if (form.querySelector("[aria-busy]")) event.preventDefault();
    else event.submitter?.setAttribute("aria-busy", "true");
  });
}

// The back-forward cache brings the page back as it was left.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form[data-busy] [aria-busy]")) button.removeAttribute("aria-busy");
});
