// Generated from migrations/ by `bun run generate`; a change here is lost at the next build.

import type { EmbeddedMap } from "./embedded.ts";
import text1 from "../../migrations/0001_create_users.sql" with { type: "text" };

export const embedded: EmbeddedMap = {
  origin: "sample",
  migrations: [
    {
      version: 1,
      name: "create_users",
      checksum: "12c431fe04735afadc45b2e9639c9752a8f058c1e0ae3b1731025fb6f7bd70cd",
      kind: "sql",
      sections: { file: "0001_create_users.sql", text: text1 },
    },
    {
      version: 2,
      name: "add_posts_table",
      checksum: "7546e41c4285ed5e45be621124dc56e8291c29a6856d7c4977901ea88bcdafda",
      kind: "typescript",
      file: "0002_add_posts_table.ts",
      load: () => import("../../migrations/0002_add_posts_table.ts"),
    },
  ],
};
