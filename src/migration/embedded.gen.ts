// Generated from migrations/ by `bun run generate`; a change here is lost at the next build.

import type { EmbeddedMap } from "./embedded.ts";
import text1 from "../../migrations/0001_create_users.sql" with { type: "text" };

export const embedded: EmbeddedMap = {
  origin: "sample",
  outline: {"count":2,"versions":"1 2","checksums":"12c431fe04735afadc45b2e9639c9752a8f058c1e0ae3b1731025fb6f7bd70cd 178753e3dd648df902e06f0e42b7a6b73fe7d3a3db22e574cb23d1dd188caa70"},
  migrations: () => [
    {"version":1,"name":"create_users","checksum":"12c431fe04735afadc45b2e9639c9752a8f058c1e0ae3b1731025fb6f7bd70cd","kind":"sql","file":"0001_create_users.sql"},
    { ...{"version":2,"name":"add_posts_table","checksum":"178753e3dd648df902e06f0e42b7a6b73fe7d3a3db22e574cb23d1dd188caa70","kind":"typescript","file":"0002_add_posts_table.ts"}, load: () => import("../../migrations/0002_add_posts_table.ts") },
  ],
  texts: () => ({
    "0001_create_users.sql": text1,
  }),
};
