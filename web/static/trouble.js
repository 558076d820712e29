// What went wrong, and what to do next; templates/panel.html has the same elements.

import { stateWords } from "./models.js";
import { element } from "./passages.js";

// Problems of an engine or a model, which the extractive engine doesn't have.
const OF_ENGINES = ["model-not-ready", "unknown-model", "engine-unavailable"];

/** A panel for a problem, with a button that calls `retry` where that may help. */
export function problemPanel(problem, retry) {
  const panel = element("div", { className: "problem", tabindex: "-1", role: "group", "aria-label": "Error" });
  panel.append(element("h3", { text: problem.title }), element("p", { text: problem.detail }));
  const { awaited } = problem;
  if (awaited) {
    const state = element("span", { "data-state-of": awaited.id, "data-state": awaited.state, text: stateWords(awaited) });
    panel.append(element("p", {}, element("b", { text: awaited.id }), " · ", state));
  }
  const buttons = element("div", { className: "buttons" });
  if (OF_ENGINES.includes(problem.slug)) {
    const text = "Use the extractive engine now";
    buttons.append(element("button", { type: "submit", form: "ask", name: "engine", value: "extractive", text }));
  }
  if (problem.retryable) {
    const button = element("button", { type: "button", text: "Retry" });
    button.addEventListener("click", retry);
    buttons.append(button);
  }
  if (buttons.hasChildNodes()) panel.append(buttons);
  if (problem.requestId) panel.append(element("p", { className: "small", text: `Request ${problem.requestId}` }));
  return panel;
}
