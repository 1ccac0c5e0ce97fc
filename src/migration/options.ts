// The options of one direction: from the words of a marker line, from a module's export, and back to words.

import { fail, ok, type Position, type Result } from "../failure.ts";
import { nearest } from "../nearest.ts";
import { defaultOptions, losses, type Loss, type StepOptions } from "./migration.ts";

const known = ["transaction:false", "foreign_keys:on", `allow:${losses.join(",")}`];
const hint = `The options are ${known.join(" ")}.`;

function isLoss(word: string): word is Loss {
  return losses.some((loss) => loss === word);
}

function lossesOf(value: string): Loss[] | string {
  const found: Loss[] = [];
  for (const word of value.split(",")) {
    if (!isLoss(word)) return word;
    if (!found.includes(word)) found.push(word);
  }
  return found.sort();
}

/** Reads the words behind a marker, such as `transaction:false allow:lost-rows`. Fails with `catalog.marker`. */
export function readOptions(words: string, at: Position): Result<StepOptions> {
  if (words === "") return ok(defaultOptions);
  const seen = new Set<string>();
  let options = defaultOptions;
  for (const word of words.split(/\s+/).filter((each) => each !== "")) {
    const [key = "", value = ""] = word.split(/:(.*)/s, 2);
    if (seen.has(key)) {
      return fail("catalog.marker", `The option '${key}' is given twice.`, "Keep one of them.", {
        at,
      });
    }
    seen.add(key);
    switch (`${key}:${key === "allow" ? "" : value}`) {
      case "transaction:true":
      case "foreign_keys:off":
        break;
      case "transaction:false":
        options = { ...options, transaction: false };
        break;
      case "foreign_keys:on":
        options = { ...options, foreignKeys: true };
        break;
      case "allow:": {
        const allow = lossesOf(value);
        if (typeof allow === "string") {
          const text = `'${allow}' is not a loss that can be allowed.`;
          return fail("catalog.marker", text, hint, { at });
        }
        options = { ...options, allow };
        break;
      }
      default: {
        const near = nearest(key, ["transaction", "foreign_keys", "allow"]);
        const text = `'${word}' is not an option of a marker line.`;
        return fail(
          "catalog.marker",
          text,
          near === null ? hint : `Did you mean ${near}? ${hint}`,
          {
            at,
          },
        );
      }
    }
  }
  return ok(options);
}

/** The words that `readOptions` reads as these options, in one fixed order; empty for the defaults. */
export function writeOptions(options: StepOptions): string {
  if (options === defaultOptions) return "";
  const words: string[] = [];
  if (!options.transaction) words.push("transaction:false");
  if (options.foreignKeys) words.push("foreign_keys:on");
  if (options.allow.length > 0) words.push(`allow:${options.allow.join(",")}`);
  return words.join(" ");
}
