// The state of the models that the page names, kept up to date while one of them is on its way; templates write the same
// words (src/views/engines.rs).

const SOON_MS = 1000;
const LATEST_MS = 30_000;
const ANSWER_MS = 10_000;
const ON_ITS_WAY = ':is([data-state="downloading"], [data-state="loading"])[data-state-of]';

/** A model's state in plain words. */
export function stateWords({ state, downloaded_bytes: downloaded, download_bytes: download, error }) {
  if (state === "absent") return "not downloaded";
  if (state === "failed" && error) return `failed: ${error}`;
  if (state !== "downloading" || !download) return state;
  return `downloading, ${megabytes(downloaded ?? 0)} of ${megabytes(download)} MB`;
}

function megabytes(bytes) {
  return Math.round(bytes / 1e6).toLocaleString("en-US");
}

/**
 * Asks for the models' state while one is on its way, and ever more seldom while nothing moves. A page that is left
 * asks no more.
 */
export class ModelWatch {
  #timer;
  #asking = null;
  #wait = SOON_MS;

  constructor() {
    this.#plan();
    addEventListener("pagehide", () => this.#stop());
    addEventListener("pageshow", ({ persisted }) => {
      if (persisted && document.querySelector(ON_ITS_WAY)) this.look();
    });
  }

  /** Asks now. */
  async look() {
    this.#stop();
    const asking = new AbortController();
    this.#asking = asking;
    let models = [];
    try {
      const signal = AbortSignal.any([asking.signal, AbortSignal.timeout(ANSWER_MS)]);
      const response = await fetch("/api/v1/models", { signal });
      if (response.ok) models = (await response.json()).models ?? [];
    } catch {
      // Whatever it was, the next time may do better.
    }
    if (asking.signal.aborted) return;
    const moved = models.filter(show).length > 0;
    this.#wait = moved ? SOON_MS : Math.min(this.#wait * 2, LATEST_MS);
    this.#plan();
  }

  #plan() {
    if (document.querySelector(ON_ITS_WAY)) this.#timer = setTimeout(() => this.look(), this.#wait);
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }
}

/** Writes a model's state wherever the page names it; tells whether anything was new. */
function show(model) {
  const words = stateWords(model);
  let moved = false;
  for (const node of document.querySelectorAll(`[data-state-of="${CSS.escape(model.id)}"]`)) {
    if (node.dataset.state !== model.state) announce(`${model.id}: ${words}`);
    moved ||= node.textContent !== words;
    node.dataset.state = model.state;
    node.textContent = words;
  }
  return moved;
}

/** Screen readers hear of a new state, and of no megabytes. */
function announce(words) {
  const status = document.querySelector('[data-part="models"]');
  if (status) status.textContent = words;
}
