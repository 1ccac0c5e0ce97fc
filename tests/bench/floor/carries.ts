// The floor of a bundle's run: what has to be done with migrations that are carried, written in when it is made.

import { apply, type Given } from "./apply.ts";

declare const carried: readonly Given[];

apply(process.argv[2] ?? "", "up", carried);
