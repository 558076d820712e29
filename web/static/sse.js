// A summary as a stream of server-sent events (HTML Living Standard, 9.2) over fetch(): EventSource can't POST, and it
// reconnects by itself, which would run the work again.

// Characters of one line; an article with all its paragraphs is one.
const MAX_LINE = 8_000_000;
// The server sends a heartbeat every 10 s, so this long a silence means that the connection is dead.
const SILENCE_MS = 30_000;

/** What went wrong, in the words of an RFC 9457 problem. */
export class Problem extends Error {
  constructor({ type = "", title, detail, retryable, request_id: requestId, model: id, model_state: state, ...more }) {
    super(title);
    this.slug = type.split(":").pop();
    this.title = title;
    this.detail = detail;
    this.retryable = retryable;
    this.requestId = requestId;
    /** The model that is not ready, as far as it is told. */
    this.awaited = id && state ? { ...more, id, state } : null;
  }
}

const UNREACHABLE = {
  title: "Nutgraf can't be reached",
  detail: "No answer came. Check your connection, and that Nutgraf is running, then try again.",
  retryable: true,
};

const LOST = {
  title: "The connection was lost",
  detail: "The summary broke off before it was complete. Check that the service is running, then try again.",
  retryable: true,
};

/**
 * Asks for a summary and yields its events as `{name, data}` up to and with `done`. An `error` event, a refusal, and a
 * stream that ends without `done` are thrown as a `Problem`.
 */
export async function* summaryEvents(request, controller) {
  const watchdog = silenceWatchdog(controller);
  let response;
  try {
    response = await ask(request, controller.signal);
    if (!response.ok) throw new Problem(await refusal(response));
    for await (const event of events(response.body, watchdog.heard)) {
      if (event.name === "error") throw new Problem(event.data);
      yield event;
      if (event.name === "done") return;
    }
    throw new Problem(LOST);
  } catch (error) {
    throw error instanceof Problem || controller.signal.reason === "cancelled" ? error : new Problem(response ? LOST : UNREACHABLE);
  } finally {
    watchdog.stop();
  }
}

function ask(request, signal) {
  return fetch("/api/v1/summaries/stream", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream, application/problem+json" },
    body: JSON.stringify(request),
    signal,
  });
}

async function refusal(response) {
  const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json");
  return isProblem ? response.json() : UNREACHABLE;
}

async function* events(body, heard) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let name = "";
  let data = [];
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      heard();
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      if (rest.length > MAX_LINE) throw new Problem(LOST);
      for (const line of lines) {
        if (line.startsWith("event:")) name = line.slice(6).trim();
        else if (line.startsWith("data:")) data.push(line.slice(5));
        else if (line === "") {
          if (data.length > 0) yield { name, data: JSON.parse(data.join("\n")) };
          name = "";
          data = [];
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function silenceWatchdog(controller) {
  let timer;
  const stop = () => clearTimeout(timer);
  const heard = () => {
    stop();
    timer = setTimeout(() => controller.abort("silence"), SILENCE_MS);
  };
  heard();
  return { heard, stop };
}
