// Requests to the service with the shop's key, and what went wrong with one.

/** An answer that is none: `status` is 0 where none came, `problem` the problem document where there is one. */
export class TrimtabError extends Error {
  constructor(message, { status = 0, problem = null, retryAfterSeconds = null } = {}) {
    super(message);
    this.name = "TrimtabError";
    this.status = status;
    this.problem = problem;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** Whether the same request may succeed later. */
  get isTemporary() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** Sends requests; asks `userToken` once more where the service says that a token has expired. */
export class Requests {
  #url;
  #key;
  #userToken;
  #token = null;

  constructor({ url, key, userToken }) {
    this.#url = String(url).replace(/\/+$/, "");
    this.#key = key;
    this.#userToken = userToken;
  }

  /** The JSON of `GET path?parameters`. */
  get(path, parameters, { signal } = {}) {
    return this.#asUser(async (token) => {
      if (token) parameters.set("user_token", token);
      return this.#fetch(`${path}?${parameters}`, { signal });
    });
  }

  /** The JSON of `POST path`; the request outlives the page. `bodyOf` is given the user's token, or null. */
  post(path, bodyOf) {
    const headers = { "Content-Type": "application/json" };
    return this.#asUser((token) =>
      this.#fetch(path, { method: "POST", headers, body: JSON.stringify(bodyOf(token)), keepalive: true }),
    );
  }

  async #asUser(send) {
    if (!this.#userToken) return send(null);
    this.#token ??= this.#userToken();
    try {
      return await send(await this.#token);
    } catch (error) {
      if (error.status !== 401) throw error;
      this.#token = this.#userToken();
      return send(await this.#token);
    }
  }

  async #fetch(path, { headers = {}, ...options }) {
    const authorization = this.#key ? { Authorization: `Bearer ${this.#key}` } : {};
    let response;
    try {
      response = await fetch(this.#url + path, {
        ...options,
        headers: { ...authorization, ...headers },
        credentials: "omit",
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new TrimtabError(`${this.#url} does not answer, or does not allow pages of ${globalThis.location?.origin ?? "this origin"} (TRIMTAB_ALLOWED_ORIGINS)`);
    }
    const answer = await response.json().catch(() => null);
    if (response.ok && answer !== null) return answer;
    throw new TrimtabError(answer?.detail ?? `the service answered ${response.status}`, {
      status: response.status,
      problem: answer,
      retryAfterSeconds: Number(response.headers.get("Retry-After")) || null,
    });
  }
}
