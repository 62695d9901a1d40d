// The vendored files have the types of the packages that they come from.
export * from "preact";
