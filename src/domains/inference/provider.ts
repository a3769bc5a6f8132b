/** What a session runs on: ONNX Runtime calls it an execution provider. */
export type Provider = "CPU" | "CUDA";

/** PREFER_CUDA falls back to the processor and says why; REQUIRE_CUDA is refused instead. */
export type ProviderPreference = "PREFER_CUDA" | "REQUIRE_CUDA" | "CPU_ONLY";
