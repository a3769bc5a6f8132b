import { messageOf, TollgateError } from "../../core/errors.ts";
import { actorId, type Principal } from "../../core/principal.ts";
import type { Logger } from "../../platform/logger.ts";
import { ownerOf } from "./artifacts.ts";
import type { Catalogue } from "./catalogue.ts";
import { madeUpInputs, recordedSamples } from "./golden-inputs.ts";
import type { Manifest } from "./manifest.ts";
import { completeManifest } from "./manifest-completion.ts";
import type { Model, ModelVersion, RegisteredVersion } from "./model.ts";
import type { ScanOutcome } from "./onnx-scan.ts";
import type { Registration, RegistrationOutcome, RegistrationsStore } from "./registrations.store.ts";
import type { VersionHost } from "./version-host.ts";
import { checkRegistration, type RegistrationRequest } from "./wanted-version.ts";

export interface RegistrationOptions {
  store: RegistrationsStore;
  catalogue: Catalogue;
  host: VersionHost;
  /** The file of a digest, whole and of its own. */
  readArtifact: (digest: string) => Promise<Uint8Array<ArrayBuffer>>;
  scan: (file: Uint8Array<ArrayBuffer>) => Promise<ScanOutcome>;
  instanceId: string;
  isInstanceAlive: (instanceId: string) => Promise<boolean>;
  maxLiveVersions: number;
  logger: Logger;
}

const maxWaitMs = 60_000;
const maxAttempts = 3;
/** Versions brought on at once: each holds its whole file in memory. */
const maxAtOnce = 2;
/** Versions that may wait for their turn on this gateway. */
const maxWaiting = 64;

/**
 * Registers versions, and brings each from SCANNING over VALIDATING and WARMING to READY or REJECTED. Where one stands is
 * in the database: a gateway that ends in the middle leaves it to the next that looks.
 */
export class RegistrationService {
  readonly #options: RegistrationOptions;
  readonly #running = new Map<string, Promise<void>>();
  /** What this gateway has begun before: another beginning is another attempt. */
  readonly #begun = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #active = 0;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /**
   * Registers a version, and returns it as soon as it is ready or rejected, or as it stands after `waitMs`. The same
   * bytes for the same model are the same version, however often they come.
   */
  async register(
    { principal, requestId }: { principal: Principal; requestId: string },
    request: RegistrationRequest,
    waitMs: number,
  ): Promise<{ model: Model; version: RegisteredVersion }> {
    const { store, catalogue, instanceId, maxLiveVersions } = this.#options;
    checkWait(waitMs);
    if (this.#waiting.length >= maxWaiting)
      throw new TollgateError("OVERLOADED", "Too many versions are being loaded. Try again.", { retryAfterMs: 5_000 });
    const outcome = await store.register({
      owner: ownerOf(principal),
      request: checkRegistration(request),
      holder: instanceId,
      maxLiveVersions,
      actorId: actorId(principal),
      requestId,
    });
    const { versionId } = acceptedOf(outcome, request);
    await this.#wait(versionId, waitMs);
    await catalogue.refresh();
    const found = catalogue.registeredById(versionId);
    if (found === undefined) throw new Error(`the version ${versionId} was registered and is not in the catalogue`);
    return found;
  }

  /** Goes on with what is unfinished: this gateway's own, and what a gateway that is gone has left. */
  async resume(): Promise<void> {
    for (const registration of await this.#options.store.unfinished()) {
      if (this.#running.has(registration.id)) continue;
      const ours = await this.#claimed(registration);
      if (ours !== undefined) this.#start(ours);
    }
  }

  /** Returns when nothing is under way; what waits for its turn is left to the next start. */
  async close(): Promise<void> {
    this.#waiting.length = 0;
    await Promise.allSettled(this.#running.values());
  }

  /** The version, if this gateway may bring it on. */
  async #claimed(registration: Registration): Promise<Registration | undefined> {
    const { store, instanceId, isInstanceAlive } = this.#options;
    const { id, holder, attempts } = registration;
    const isOurs = holder === instanceId;
    if (isOurs && !this.#begun.has(id)) return registration;
    if (!isOurs && holder !== undefined && (await isInstanceAlive(holder))) return undefined;
    const isClaimed = await store.claim(id, holder, instanceId);
    return isClaimed ? { ...registration, holder: instanceId, attempts: attempts + 1 } : undefined;
  }

  async #wait(versionId: string, waitMs: number): Promise<void> {
    // Found by the id, so that a second caller of the same registration waits with the first one.
    await this.resume();
    const running = this.#running.get(versionId);
    if (running === undefined || waitMs === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([running, patience]);
    clearTimeout(timer);
  }

  #start(registration: Registration): void {
    if (this.#running.has(registration.id)) return;
    this.#begun.add(registration.id);
    const running = this.#bringOn(registration)
      .catch((error: unknown) => {
        this.#options.logger.warn(
          { err: error, versionId: registration.id },
          "a version could not be brought on; it is tried again",
        );
      })
      .finally(() => this.#running.delete(registration.id));
    this.#running.set(registration.id, running);
  }

  async #bringOn(registration: Registration): Promise<void> {
    const { store, catalogue, host } = this.#options;
    if (registration.state === "DRAINING") {
      await catalogue.refresh();
      await host.release(registration.id);
      await store.move(registration.id, { from: ["DRAINING"], to: "RETIRED" });
      return;
    }
    if (registration.attempts > maxAttempts) {
      await store.reject(
        registration,
        `it could not be loaded in ${maxAttempts} attempts, each of which ended the work or the gateway`,
      );
      return;
    }
    await this.#turn();
    try {
      await this.#bringToItsEnd(registration);
    } finally {
      this.#active--;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    if (this.#active >= maxAtOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#active++;
  }

  async #bringToItsEnd(registration: Registration): Promise<void> {
    const { store, host } = this.#options;
    try {
      await this.#load(registration);
    } catch (error) {
      if (!isRejection(error)) throw error;
      await host.release(registration.id);
      await store.reject(registration, messageOf(error));
    }
  }

  /** Throws MODEL_REJECTED with a reason for whoever made the model. */
  async #load(registration: Registration): Promise<void> {
    const { store, host, readArtifact, scan } = this.#options;
    const { id } = registration;
    await store.move(id, { from: ["VALIDATING", "WARMING"], to: "SCANNING" });
    const scanned = await scan(await readArtifact(registration.digest));
    if (scanned.kind === "REFUSED") throw rejected(scanned.problems.join("; "));
    await store.move(id, { from: ["SCANNING"], to: "VALIDATING" });
    const { wanted, modelName: name, version, digest, task } = registration;
    const description = wanted.description ?? registration.description;
    const made = completeManifest({ wanted, name, version, digest, task, description, graph: scanned.signature });
    if ("problem" in made) throw rejected(made.problem);
    await store.move(id, { from: ["VALIDATING"], to: "WARMING" });
    const loadable = versionOf(registration, made.manifest);
    await host.load(loadable);
    const manifest = await this.#withSamples(loadable);
    await store.makeReady(registration, manifest);
  }

  /** A version that came without golden samples gets its own answers as such. */
  async #withSamples(version: ModelVersion): Promise<Manifest> {
    const { manifest } = version;
    if (manifest.golden.samples.length > 0) return manifest;
    const inputs = madeUpInputs(manifest);
    try {
      const outputs = await this.#options.host.answer(version, inputs);
      return { ...manifest, golden: recordedSamples(manifest, inputs, outputs) };
    } catch (error) {
      throw rejected(
        `it did not answer inputs that were made up within its ranges (${messageOf(error)}): give a range for each input, or golden samples`,
        error,
      );
    }
  }
}

function versionOf(registration: Registration, manifest: Manifest): ModelVersion {
  const { id, modelId, owner, version, digest, task, registeredAt } = registration;
  return {
    id,
    modelId,
    ownerTenantId: owner,
    version,
    digest,
    task,
    state: "WARMING",
    stateReason: undefined,
    manifest,
    registeredAt,
    retiredAt: undefined,
  };
}

function rejected(reason: string, cause?: unknown): TollgateError {
  return new TollgateError("MODEL_REJECTED", reason, { cause });
}

function isRejection(error: unknown): boolean {
  return error instanceof TollgateError && error.code === "MODEL_REJECTED";
}

function checkWait(waitMs: number): void {
  if (waitMs >= 0 && waitMs <= maxWaitMs) return;
  throw new TollgateError("INVALID_INPUT", `waitMs is ${waitMs}; it must be from 0 to ${maxWaitMs}.`);
}

function acceptedOf(outcome: RegistrationOutcome, { model, digest }: RegistrationRequest): { versionId: string } {
  switch (outcome.kind) {
    case "REGISTERED":
    case "EXISTING":
      return outcome;
    case "NO_ARTIFACT":
      throw new TollgateError(
        "NOT_FOUND",
        `There is no file ${digest} of yours. Send it first: PUT /artifacts/${digest}, or as an upload with this mutation.`,
      );
    case "NAME_TAKEN":
      throw conflict(`${model} is the name of a model of the platform. Choose another name.`);
    case "OTHER_TASK":
      throw conflict(`${model} does ${outcome.task}: register what does something else as a model of its own.`);
    case "OTHER_MANIFEST":
      throw conflict(
        `These bytes are version ${outcome.version} of ${model}, registered otherwise. Retire it to register them anew.`,
      );
    case "VERSION_TAKEN":
      throw conflict(`${model} has a version ${outcome.version} with another file. Leave version out to get the next.`);
    case "TOO_MANY":
      throw conflict("You have as many versions as you may (MAX_LIVE_VERSIONS_PER_TENANT). Retire those not needed.");
  }
}

function conflict(message: string): TollgateError {
  return new TollgateError("CONFLICT", message);
}
