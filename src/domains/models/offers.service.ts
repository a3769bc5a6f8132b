import { notFound, TollgateError } from "../../core/errors.ts";
import { actorId, type Principal } from "../../core/principal.ts";
import type { Requester } from "./aliases.service.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Model } from "./model.ts";
import type { OffersStore } from "./offers.store.ts";

/** Offers the platform's models to tenants, and takes offers back. */
export class OffersService {
  readonly #store: OffersStore;
  readonly #catalogue: Catalogue;

  constructor(store: OffersStore, catalogue: Catalogue) {
    this.#store = store;
    this.#catalogue = catalogue;
  }

  async offer({ principal, requestId }: Requester, name: string, tenantId: string | undefined): Promise<Model> {
    const model = this.#platforms(principal, name);
    const offer = { modelId: model.id, tenantId, actorId: actorId(principal), requestId };
    if (!(await this.#store.offer(offer))) throw notFound("tenant");
    return await this.#again(model);
  }

  /** From a tenant its own offer; one that is made to all stays, and from all that one: chosen tenants keep theirs. */
  async withdraw({ principal, requestId }: Requester, name: string, tenantId: string | undefined): Promise<Model> {
    const model = this.#platforms(principal, name);
    await this.#store.withdraw({ modelId: model.id, tenantId, actorId: actorId(principal), requestId });
    return await this.#again(model);
  }

  #platforms(principal: Principal, name: string): Model {
    if (principal.kind === "OPERATOR") return this.#catalogue.byName("OPERATOR", name);
    throw new TollgateError("FORBIDDEN", "Only operators of the platform offer its models.");
  }

  async #again({ id }: Model): Promise<Model> {
    await this.#catalogue.refresh();
    const model = this.#catalogue.byId(id);
    if (model === undefined) throw new Error(`the model ${id} is not in the catalogue`);
    return model;
  }
}
