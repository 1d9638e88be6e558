/** How a shop front reaches its service. */
export interface TrimtabOptions {
  /** Where the service is, `https://search.shop.example`. */
  url: string;
  /** A key with the scopes `search` and `ingest` that was made with `browser: true`. */
  key?: string;
  /** A token that the shop's server signed for who is logged in, or a function that fetches one. */
  userToken?: () => string | null | Promise<string | null>;
  /** The visit; left out, one for as long as the tab is open. */
  sessionId?: string;
  /** Where events wait and the visit is remembered; left out, `sessionStorage`. */
  storage?: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** Called with each event that is given up: refused, or not taken in six tries. */
  onError?: (error: TrimtabError, event: Event) => void;
  /** The pause before the second try, doubled before each one after it; 1000. */
  retryMs?: number;
}

type Scalar = string | number | boolean;

/** The parameters of `GET /search`; `docs/` and `/docs` of the service say what each means. */
export interface SearchParameters {
  q?: string;
  k?: number;
  offset?: number;
  filter?: string | string[];
  facets?: string | string[];
  sort?: string;
  profile?: string;
  weights?: Record<string, number>;
  max_relevance_loss?: number;
  group?: boolean;
  language?: string;
  price_list?: string;
  store?: string;
  [parameter: string]: Scalar | Scalar[] | Record<string, number> | null | undefined;
}

export interface Variant {
  item_id: string;
  title: string;
  price: number | null;
  in_stock: boolean;
  image: string;
  url: string;
  attributes: Record<string, unknown>;
}

export interface Hit extends Variant {
  position: number;
  brand: string;
  category: string;
  variants: Variant[] | null;
  n_variants: number | null;
  score: number;
  objectives: Record<string, number>;
  propensity: number;
}

export interface Mention {
  text: string;
  field: string;
  value: string;
  applied: boolean;
}

export interface Understood {
  query: string;
  corrected: string | null;
  synonyms: { from: string; to: string }[];
  excluded: string[];
  attributes: Mention[];
  relaxed: string[];
  rewritten: string | null;
  redirect: string | null;
  banner: string | null;
}

export interface FacetDetails {
  type: "text" | "number" | "flag" | "date" | "path";
  label: string;
  n_values: number;
  missing: number;
  min: number | string | null;
  max: number | string | null;
  ranges: { from: number | string; to: number | string; count: number }[];
}

export interface SearchAnswer {
  decision_id: string;
  query: string;
  understood: Understood;
  hits: Hit[];
  n_candidates: number;
  n_matches: number;
  n_matches_exact: boolean;
  weights: Record<string, number>;
  receipt: Record<string, { expected: number; baseline: number; change: number | null }>;
  infeasible: boolean;
  degraded: string[];
  facets: Record<string, Record<string, number>>;
  facet_details: Record<string, FacetDetails>;
  bundle: string;
  arm: string | null;
  took_ms: Record<string, number>;
}

export interface Suggestion {
  kind: "query" | "category" | "brand" | "attribute" | "item";
  text: string;
  highlights: [number, number][];
  filter: string | null;
  item_id: string | null;
  url: string | null;
  count: number | null;
}

/** What is sent: the names are those of the User Behavior Insights schema. */
export interface Event {
  event_id: string;
  action_name: "click" | "cart" | "purchase";
  query_id: string;
  item_id: string;
  position: number;
  quantity?: number;
  value?: number;
}

export interface EventDetails {
  quantity?: number;
  /** What was paid; left out, the item's price times `quantity`. */
  value?: number;
}

export declare class TrimtabError extends Error {
  /** Of the answer; 0 where none came. */
  readonly status: number;
  /** The problem document (RFC 9457), where there is one. */
  readonly problem: { type: string; title: string; status: number; detail: string } | null;
  readonly retryAfterSeconds: number | null;
  readonly isTemporary: boolean;
}

export declare class EventQueue {
  /** How many are not acknowledged. */
  readonly length: number;
  add(event: Event): void;
  /** Sends all that is not under way; ends when each is acknowledged, given up, or waits for the next try. */
  flush(): Promise<void>;
}

export declare class Trimtab {
  constructor(options: TrimtabOptions);
  readonly sessionId: string;
  readonly events: EventQueue;
  search(parameters?: SearchParameters, options?: { signal?: AbortSignal }): Promise<SearchAnswer>;
  suggest(q: string, options?: { k?: number; signal?: AbortSignal }): Promise<{ query: string; suggestions: Suggestion[] }>;
  click(item: string | Pick<Hit, "item_id">, details?: EventDetails): Event | null;
  cart(item: string | Pick<Hit, "item_id">, details?: EventDetails): Event | null;
  purchase(item: string | Pick<Hit, "item_id">, details?: EventDetails): Event | null;
}
