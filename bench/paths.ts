import path from "node:path";

export const root = path.resolve(import.meta.dirname, "..");
export const examplesDir = path.join(root, "examples");
export const modelsDir = path.join(root, "models");
export const resultsFile = path.join(import.meta.dirname, "results.json");
