// An article page: Summarize streams into the page, can be cancelled, and leaves an address that can be reloaded.

import { measure } from "./measure.js";
import { clearPassages, element, linkHighlights, markPassages, sentenceNodes } from "./passages.js";
import { Problem, summaryEvents } from "./sse.js";
import { problemPanel } from "./trouble.js";

const TICK_MS = 100;
// A commit, of which a reader needs no more than the beginning.
const COMMIT = /^([0-9a-f]{12})[0-9a-f]{28}$/;
const INLINE_TAGS = { heading: "h2", quote: "p", list_item: "li", caption: "p", text: "p" };

export class Story {
  #story;
  #form;
  #button;
  #models;
  #running = null;
  #timer;
  #started;

  /** `models` is the watch over the state of models. */
  constructor(story, models) {
    this.#story = story;
    this.#models = models;
    this.#form = this.#part("form");
    this.#button = this.#part("submit");
    linkHighlights(story);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (event.submitter?.name === "engine") this.#chooseEngine(event.submitter.value);
      if (this.#running) this.#say("running");
      else this.#run();
    });
    this.#part("cancel").addEventListener("click", () => this.#cancel());
    addEventListener("keydown", ({ key }) => {
      if (key === "Escape") this.#cancel();
    });
    // On a narrow page the way back leads to the sentence that the passage was reached from.
    story.addEventListener("click", ({ target }) => {
      const sentence = target.closest(".answer [data-s]");
      if (sentence) this.#part("return").hash = `#sum-${sentence.dataset.s}`;
    });
    this.#part("copy").addEventListener("click", () => this.#copy());
    this.#part("copy").hidden = false;
    // A page in the back-forward cache would keep its stream, and the model, busy.
    addEventListener("pagehide", () => this.#cancel());
  }

  #cancel() {
    this.#running?.abort("cancelled");
  }

  #part(name) {
    return this.#story.querySelector(`[data-part="${name}"]`);
  }

  async #run() {
    const controller = new AbortController();
    this.#begin(controller);
    try {
      await this.#follow(controller);
    } catch (error) {
      if (controller.signal.reason === "cancelled") this.#say("cancelled");
      else this.#fail(error);
      this.#part("answer").replaceChildren();
    } finally {
      this.#end();
    }
  }

  /** A server that goes down before it has told any text is asked once more: by then another one answers. */
  async #follow(controller) {
    for (let attempt = 0; ; attempt += 1) {
      let hasText = false;
      try {
        for await (const { name, data } of summaryEvents(this.#request(), controller)) {
          hasText ||= name === "delta";
          this.#take(name, data);
        }
        return;
      } catch (error) {
        if (error?.slug !== "shutting-down" || hasText || attempt > 0) throw error;
      }
    }
  }

  #request() {
    const fields = Object.fromEntries(new FormData(this.#form));
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
  }

  #begin(controller) {
    this.#running = controller;
    // Not `disabled`, which would take the focus away.
    this.#button.setAttribute("aria-disabled", "true");
    this.#part("cancel").hidden = false;
    this.#part("problem").replaceChildren();
    this.#part("notices").replaceChildren();
    this.#part("ledger").hidden = true;
    this.#part("answer").setAttribute("aria-busy", "true");
    this.#part("answer").replaceChildren(element("p", { className: "draft" }));
    clearPassages(this.#part("body"));
    this.#say(this.#story.dataset.url ? "fetching" : "queued");
    this.#started = performance.now();
    this.#part("elapsed").textContent = "";
    this.#timer = setInterval(() => {
      this.#part("elapsed").textContent = `${(this.#elapsed() / 1000).toFixed(1)} s`;
    }, TICK_MS);
  }

  /** Milliseconds since the button was pressed. */
  #elapsed() {
    return performance.now() - this.#started;
  }

  #end() {
    clearInterval(this.#timer);
    const elapsed = this.#elapsed();
    this.#part("elapsed").textContent = elapsed < 1000 ? `${Math.round(elapsed)} ms` : `${(elapsed / 1000).toFixed(1)} s`;
    this.#running = null;
    this.#button.removeAttribute("aria-disabled");
    if (document.activeElement === this.#part("cancel")) this.#button.focus();
    this.#part("cancel").hidden = true;
    this.#part("answer").setAttribute("aria-busy", "false");
  }

  #take(name, data) {
    if (name === "progress") this.#say(data.phase);
    else if (name === "accepted" && data.queue_position > 0) this.#say("queued", ` (${data.queue_position} before you)`);
    else if (name === "article") this.#showArticle(data);
    else if (name === "delta") this.#part("answer").firstElementChild.append(data.text);
    else if (name === "done") this.#finish(data);
  }

  #say(key, more = "") {
    this.#part("phase").textContent = this.#phrase(key) + more;
  }

  /** The page's own words, so that they are written down once. */
  #phrase(key) {
    return this.#part("phrases").content.querySelector(`[data-key="${key}"]`)?.textContent ?? "";
  }

  /** What gets summarized is what is shown, also when the page has changed since. */
  #showArticle(article) {
    if (article.fetched_at === this.#story.dataset.fetchedAt) return;
    this.#story.dataset.fetchedAt = article.fetched_at ?? "";
    this.#part("title").textContent = article.title;
    const body = this.#part("body");
    body.replaceChildren();
    article.paragraphs.forEach(({ text, kind }, index) => {
      const block = element(INLINE_TAGS[kind] ?? "p", { text, "data-p": index });
      if (kind === "caption") block.className = "caption";
      if (kind === "list_item" && body.lastElementChild?.tagName === "UL") body.lastElementChild.append(block);
      else if (kind === "list_item") body.append(element("ul", {}, block));
      else body.append(kind === "quote" ? element("blockquote", {}, block) : block);
    });
  }

  #finish(summary) {
    const body = this.#part("body");
    const original = Array.from(body.querySelectorAll("[data-p]"), (node) => node.textContent).join("\n");
    const sentences = sentenceNodes(summary.sentences, body);
    this.#part("answer").replaceChildren(
      summary.format === "bullets"
        ? element("ul", {}, ...sentences.map((nodes) => element("li", {}, ...nodes)))
        : element("p", {}, ...sentences.flatMap((nodes, index) => (index > 0 ? [" ", ...nodes] : nodes))),
    );
    if (summary.language) this.#part("answer").lang = summary.language;
    markPassages(body, summary.sentences);
    const isMarked = summary.sentences.some(({ unsupported }) => unsupported.length > 0);
    const keys = isMarked ? [...summary.notices, "unsupported"] : summary.notices;
    const notices = keys.map((notice) => element("p", { text: this.#phrase(notice) }));
    this.#part("notices").replaceChildren(...notices.map((p) => element("div", { className: "notice" }, p)));
    this.#part("measure").textContent = measure(summary.text, original);
    this.#part("made-by").textContent = this.#madeBy(summary);
    this.#part("copy").textContent = "Copy";
    this.#part("ledger").hidden = false;
    this.#say("done");
    this.#keepAddress();
  }

  #madeBy({ engine, model, timings, replica, cache }) {
    const { site } = this.#story.dataset;
    return [
      `Engine ${engine}`,
      `model ${model.id} ${model.revision.replace(COMMIT, "$1")}`.trim(),
      ...(site ? [`from ${site}`] : []),
      `${Math.max(Math.round(timings.total_ms), 1)} ms`,
      ...(replica ? [`replica ${replica}`] : []),
      ...(cache === "hit" ? ["from the cache"] : []),
    ].join(" · ");
  }

  /** Reloading or sharing the page gives the same summary. A pasted text has no address. */
  #keepAddress() {
    if (!this.#story.dataset.url) return;
    history.replaceState(null, "", `/summary?${new URLSearchParams(this.#request())}`);
  }

  #fail(error) {
    const problem = error instanceof Problem ? error : { title: "The page failed", detail: "Reload it and try again." };
    if (!(error instanceof Problem)) console.error(error);
    this.#say("failed");
    const panel = problemPanel(problem, () => {
      this.#button.focus();
      if (!this.#running) this.#run();
    });
    this.#part("problem").replaceChildren(panel);
    panel.focus();
    // It may have begun to come only now that somebody asked for it.
    if (problem.awaited) this.#models.look();
  }

  /** Picks an engine for this summary and the next ones, whatever was picked before. */
  #chooseEngine(engine) {
    for (const field of this.#form.querySelectorAll('input[type="hidden"]:is([name="engine"], [name="model"])')) field.remove();
    const row = this.#form.querySelector(`input[name="model"][value="${engine}"]`);
    if (row) row.checked = true;
    else this.#form.append(element("input", { type: "hidden", name: "engine", value: engine }));
    this.#button.focus();
  }

  async #copy() {
    const items = [...this.#part("answer").querySelectorAll("li, p")].map((node) => plain(node));
    const origin = [this.#part("title").textContent.trim(), this.#story.dataset.url].filter(Boolean).join("\n");
    const button = this.#part("copy");
    const copied = await copyText(`${items.join("\n")}\n\n${origin}\n`);
    button.textContent = copied ? "Copied" : "Copying is not allowed here";
  }
}

/** A node's text without the remarks for screen readers. */
function plain(node) {
  const copy = node.cloneNode(true);
  for (const remark of copy.querySelectorAll(".hushed")) remark.remove();
  return copy.textContent.trim();
}

/** Over plain http only localhost has a clipboard API; elsewhere the older command still works. */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element("textarea", { text, className: "hushed" });
    const focused = document.activeElement;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    focused?.focus();
    return copied;
  }
}
