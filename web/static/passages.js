// The links between the sentences of a summary and the passages of the article. The server writes the same elements
// (templates/summary.html, templates/body.html); positions count Unicode code points.

/** An element with properties, attributes and children; children that are strings become text. */
export function element(tag, { text, className, ...attributes } = {}, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Whether a span lies within a paragraph of the page. */
function holds(paragraphs, span) {
  const length = paragraphs[span.paragraph]?.length ?? 0;
  return span.start < span.end && span.end <= length;
}

/** The summary's sentences as nodes, one array a sentence. `body` is the article's element. */
export function sentenceNodes(sentences, body) {
  const paragraphs = Array.from(paragraphElements(body), (node) => Array.from(node.textContent));
  return sentences.map((sentence, index) => {
    const spans = sentence.spans.filter((span) => holds(paragraphs, span));
    return oneSentence(sentence, index, spans);
  });
}

function oneSentence(sentence, index, spans) {
  const number = index + 1;
  const [best, ...others] = spans;
  const node = best
    ? element("a", { className: "sentence", href: `#s-${best.paragraph}-${best.start}`, "data-n": number, "aria-describedby": "where-from" })
    : element("span", { className: "sentence" });
  node.id = `sum-${index}`;
  node.dataset.s = index;
  node.append(...unsupportedNodes(sentence));
  const more = others.map((span) =>
    element("a", {
      className: "number",
      href: `#s-${span.paragraph}-${span.start}`,
      "data-s": index,
      "data-n": "+",
      "aria-label": `Another source passage of sentence ${number}`,
    }),
  );
  return [node, ...more];
}

/** The sentence's text with what the article doesn't support marked. */
function unsupportedNodes({ text, unsupported }) {
  const points = Array.from(text);
  const nodes = [];
  let at = 0;
  for (const { start, end } of [...unsupported].sort((a, b) => a.start - b.start)) {
    if (start < at || start >= end || end > points.length) continue;
    nodes.push(points.slice(at, start).join(""));
    const words = element("span", { className: "unsupported", text: points.slice(start, end).join("") });
    words.append(element("span", { className: "hushed", text: " (not found in the article)" }));
    nodes.push(words);
    at = end;
  }
  nodes.push(points.slice(at).join(""));
  return nodes;
}

function paragraphElements(body) {
  return body.querySelectorAll("[data-p]");
}

/** Takes all marks out of the article. */
export function clearPassages(body) {
  for (const node of paragraphElements(body)) node.textContent = node.textContent;
}

/** Marks the passages that the sentences come from. */
export function markPassages(body, sentences) {
  paragraphElements(body).forEach((node, paragraph) => {
    const points = Array.from(node.textContent);
    const spans = sentences.flatMap((sentence, index) =>
      sentence.spans
        .filter((span) => span.paragraph === paragraph && span.start < span.end && span.end <= points.length)
        .map(({ start, end }) => ({ start, end, index })),
    );
    if (spans.length > 0) node.replaceChildren(...pieces(points, spans, paragraph));
  });
}

/** A paragraph cut where its spans begin and end, so that spans may overlap. */
function pieces(points, spans, paragraph) {
  const cuts = [...new Set([0, points.length, ...spans.flatMap(({ start, end }) => [start, end])])];
  cuts.sort((a, b) => a - b);
  return cuts.slice(0, -1).flatMap((start, i) => {
    const end = cuts[i + 1];
    const text = points.slice(start, end).join("");
    const owners = [...new Set(spans.filter((span) => span.start < end && start < span.end).map(({ index }) => index))];
    if (owners.length === 0) return [text];
    const begins = spans.some((span) => span.start === start);
    const mark = element("mark", { text, id: begins ? `s-${paragraph}-${start}` : null, "data-s": owners.join(" ") });
    const closing = new Set(spans.filter((span) => span.end === end).map(({ index }) => index));
    return [mark, ...Array.from(closing, backLink)];
  });
}

function backLink(index) {
  const label = `Back to sentence ${index + 1} of the summary`;
  return element("a", {
    className: "number",
    href: `#sum-${index}`,
    "data-s": index,
    "data-n": index + 1,
    "aria-label": label,
  });
}

/**
 * Lights a sentence and its passages together while the pointer or the focus is on either. Where the pointer is on
 * neither, the focus counts: the page may move below a pointer that rests.
 */
export function linkHighlights(story) {
  const light = (target) => {
    const node = target?.closest("[data-s]") ?? document.activeElement?.closest("[data-s]");
    for (const lit of story.querySelectorAll(".lit")) lit.classList.remove("lit");
    for (const index of node?.dataset.s.split(" ") ?? []) {
      for (const partner of story.querySelectorAll(`[data-s~="${index}"]`)) partner.classList.add("lit");
    }
  };
  for (const name of ["pointerover", "focusin"]) story.addEventListener(name, (event) => light(event.target));
  for (const name of ["pointerleave", "focusout"]) story.addEventListener(name, () => light(null));
}
