// The floor of a command that has nothing to read: an executable that ends at once.

process.exitCode = 0;

export {};
