import { TollgateError } from "../../core/errors.ts";
import type { ModelIdOf } from "./limit-terms.ts";
import type { Plan, PlanStore } from "./plan.store.ts";
import { planTerms, type WantedTerms } from "./plan-terms.ts";

interface Change {
  terms: WantedTerms;
  actorId: string;
  requestId: string | undefined;
}

/** Makes plans and their versions. What is made is never changed: whoever wants another makes the next version. */
export class PlanService {
  readonly #store: PlanStore;
  readonly #modelIdOf: ModelIdOf;

  constructor(store: PlanStore, modelIdOf: ModelIdOf) {
    this.#store = store;
    this.#modelIdOf = modelIdOf;
  }

  /** Throws INVALID_INPUT for terms that cannot be, and CONFLICT where there is a plan of that name. */
  async createPlan({
    name,
    isSelfService,
    ...change
  }: Change & { name: string; isSelfService: boolean }): Promise<Plan> {
    const terms = planTerms(change.terms, this.#modelIdOf);
    const plan = await this.#store.create({ name: checkName(name), isSelfService, terms, ...by(change) });
    if (plan !== undefined) return plan;
    throw new TollgateError("CONFLICT", `There is a plan ${name} already. createPlanVersion makes its next version.`);
  }

  /**
   * The next version, made from the one that its maker saw. Throws CONFLICT where there is a later one by now: of two who
   * change a plan at once, the second sees what the first did before anything of it is replaced.
   */
  async createVersion({ plan, basedOn, ...change }: Change & { plan: string; basedOn: number }): Promise<Plan> {
    const terms = planTerms(change.terms, this.#modelIdOf);
    const made = await this.#store.addVersion({ name: plan, basedOn, terms, ...by(change) });
    switch (made.outcome) {
      case "MADE":
        return made.plan;
      case "NO_SUCH_PLAN":
        throw new TollgateError(
          "INVALID_INPUT",
          `There is no plan of that name. The query plans lists those on offer.`,
        );
      case "CHANGED_MEANWHILE":
        throw new TollgateError(
          "CONFLICT",
          `The plan ${plan} is at version ${made.version} by now, not ${basedOn}. Look at it, and ask again.`,
        );
    }
  }
}

function by({ actorId, requestId }: Change) {
  return { actorId, requestId };
}

function checkName(name: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) return name;
  throw new TollgateError(
    "INVALID_INPUT",
    "name must be 1 to 63 small letters, digits and hyphens, and begin with a letter or digit.",
  );
}
