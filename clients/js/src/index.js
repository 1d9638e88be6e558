// The client of a trimtab service for a shop front: `Trimtab` searches and suggests, and says what shoppers did.

export { EventQueue } from "./events.js";
export { Trimtab } from "./client.js";
export { TrimtabError } from "./requests.js";
