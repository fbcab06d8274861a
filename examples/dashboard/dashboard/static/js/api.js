/** Questions to the page's own server. */

/** Milliseconds. The server itself gives up earlier where Redis does not answer. */
const TIMEOUT = 5_000;

/** No answer, or an error, with a text for the reader. */
export class Problem extends Error {
  /**
   * @param {string} text
   * @param {boolean} isRefusal whether Redis answered with an error; else nobody knows what holds now
   */
  constructor(text, isRefusal = false) {
    super(text);
    this.isRefusal = isRefusal;
  }
}

/**
 * @param {string} path
 * @param {Record<string, string>} parameters
 */
export async function ask(path, parameters = {}) {
  let response;
  let answer;
  try {
    response = await fetch(`${path}?${new URLSearchParams(parameters)}`, { signal: AbortSignal.timeout(TIMEOUT) });
    answer = await response.json();
  } catch {
    throw new Problem("The page’s server does not answer");
  }
  if (!response.ok) {
    throw new Problem(answer.problem, response.status !== 503);
  }
  return answer;
}
