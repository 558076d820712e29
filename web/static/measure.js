// How long a text takes to read; templates show the same (src/views/measure.rs).

const WORDS_PER_MINUTE = 230;
// Chinese, Japanese and Korean are read by the character.
const CHARACTERS_PER_MINUTE = 500;
// The main blocks of Han, Hiragana, Katakana and Hangul.
const BY_CHARACTER = /[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\u{20000}-\u{3ffff}]/gu;

/** Minutes, as a fraction. */
export function minutes(text) {
  const characters = text.match(BY_CHARACTER)?.length ?? 0;
  const words = text.replace(BY_CHARACTER, " ").match(/\S+/gu)?.length ?? 0;
  return words / WORDS_PER_MINUTE + characters / CHARACTERS_PER_MINUTE;
}

/** Minutes as a reader would say it. */
export function readingTime(time) {
  if (time < 1) return `${Math.max(Math.round((time * 60) / 5) * 5, 5)} s`;
  return `${Math.round(time)} min`;
}

/** The line below a summary. */
export function measure(summary, article) {
  const [short, long] = [minutes(summary), minutes(article)];
  const share = long > 0 ? Math.round((short / long) * 100) : 100;
  return `Reads in ${readingTime(short)}, the original in ${readingTime(long)}: ${share} % of its length`;
}
