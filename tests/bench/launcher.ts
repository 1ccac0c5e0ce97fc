// Runs a command and tells its largest resident set in bytes; small, as what is counted of a child begins with its parent.

const [input = "", ...argv] = process.argv.slice(2);
const stdin = input === "" ? "ignore" : Bun.file(input);
const child = Bun.spawn(argv, { stdin, stdout: "ignore", stderr: "ignore" });
await child.exited;
console.log(child.resourceUsage()?.maxRSS ?? 0);

export {};
