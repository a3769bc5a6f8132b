import type { Clock } from "../../core/clock.ts";
import { notFound, TollgateError } from "../../core/errors.ts";
import type { Role } from "../../core/permission.ts";
import type { MemberPrincipal } from "../../core/principal.ts";
import { parseEmail } from "../users/email.ts";
import { checkNewPassword, type Passwords } from "../users/passwords.ts";
import type { Credentials } from "../users/sign-in.service.ts";
import type { AcceptanceOutcome, InvitationStore } from "./invitation.store.ts";
import {
  type Invitation,
  invitationLifetimeMs,
  isOpen,
  newInvitationToken,
  parseInvitationToken,
  refusalToPlace,
} from "./invitation.ts";
import type { Actor, MemberChange, MemberStore } from "./member.store.ts";

interface Dependencies {
  members: MemberStore;
  invitations: InvitationStore;
  passwords: Passwords;
  isUser: (email: string) => Promise<boolean>;
  /** The id of the user whose e-mail and password these are; throws UNAUTHENTICATED and RATE_LIMITED as signIn does. */
  prove: (credentials: Credentials) => Promise<string>;
  clock: Clock;
}

/** Who asks, and in which request. */
export interface By {
  principal: MemberPrincipal;
  requestId: string;
}

/** Who belongs to a tenant: invited by a link, changed and removed by owners and admins. */
export class MemberService {
  readonly #of: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#of = dependencies;
  }

  /**
   * Offers an address a place. The token is what the person accepts it with, and is in no other answer. Whether the
   * address has a user already changes nothing here: a tenant does not learn who else there is.
   */
  async invite(by: By, wanted: { email: string; role: Role }): Promise<{ invitation: Invitation; token: string }> {
    const email = parseEmail(wanted.email);
    const { tenantId, userId } = by.principal;
    const role = await this.#of.members.roleIn(tenantId, userId);
    const refusal = refusalToPlace(role ?? "DEVELOPER", wanted.role);
    if (refusal !== undefined) throw new TollgateError("FORBIDDEN", refusal);
    const now = this.#of.clock.now();
    const expiresAt = new Date(now.getTime() + invitationLifetimeMs);
    const { id, text, secretHash } = newInvitationToken();
    const invitation = { id, tenantId, email, role: wanted.role, invitedBy: userId, createdAt: now, expiresAt };
    await this.#of.invitations.add({ ...invitation, secretHash }, actorOf(by));
    return { invitation, token: text };
  }

  async revokeInvitation(by: By, id: string): Promise<Invitation> {
    const invitation = await this.#of.invitations.findOfTenant(by.principal.tenantId, id);
    if (invitation === undefined) throw notFound("invitation");
    await this.#of.invitations.revoke(invitation, this.#of.clock.now(), actorOf(by));
    return invitation;
  }

  /**
   * Makes the holder of the token a member. Who has a user must give its password; who has none chooses one. Both the
   * token and the password are needed, so that neither the tenant that invites nor a stranger who once took the address
   * gets into the other's place.
   */
  async accept(request: {
    token: string;
    password: string;
    clientAddress: string;
    requestId: string;
  }): Promise<Invitation> {
    const presented = parseInvitationToken(request.token);
    const invitation = presented && (await this.#of.invitations.find(presented.id));
    const now = this.#of.clock.now();
    if (presented === undefined || invitation === undefined || !isOpen(presented, invitation, now))
      throw overInvitation();
    const by = await this.#holder(invitation.email, request);
    const outcome = await this.#of.invitations.accept({ invitation, by, now, requestId: request.requestId });
    return accepted(outcome, invitation);
  }

  async #holder(
    email: string,
    { password, clientAddress }: { password: string; clientAddress: string },
  ): Promise<{ userId: string } | { passwordHash: string }> {
    if (await this.#of.isUser(email)) return { userId: await this.#of.prove({ email, password, clientAddress }) };
    checkNewPassword(password);
    return { passwordHash: await this.#of.passwords.hash(password) };
  }

  async changeRole(by: By, { userId, role }: { userId: string; role: Role }): Promise<void> {
    const decide = (actor: Role | undefined, member: Role) => refusalToPlace(actor ?? "DEVELOPER", member, role);
    checkChange(await this.#of.members.changeRole({ ...actorOf(by), userId, role, decide }));
  }

  /** Everybody may leave, and owners and admins may remove others. */
  async remove(by: By, userId: string): Promise<void> {
    const decide = (actor: Role | undefined, member: Role) =>
      userId === by.principal.userId ? undefined : refusalToPlace(actor ?? "DEVELOPER", member);
    checkChange(await this.#of.members.remove({ ...actorOf(by), userId, decide }));
  }
}

function actorOf({ principal, requestId }: By): Actor {
  return { tenantId: principal.tenantId, actorId: principal.userId, requestId };
}

function checkChange(change: MemberChange): void {
  if (change === "DONE") return;
  if (change === "NO_SUCH_MEMBER") throw notFound("member");
  if (change === "LAST_OWNER")
    throw new TollgateError("CONFLICT", "This is the tenant's last owner. Make another member an owner first.");
  throw new TollgateError("FORBIDDEN", change.refusal);
}

function accepted(outcome: AcceptanceOutcome, invitation: Invitation): Invitation {
  switch (outcome) {
    case "ACCEPTED":
      return invitation;
    case "USED_MEANWHILE":
      throw overInvitation();
    case "USER_EXISTS":
      throw new TollgateError(
        "CONFLICT",
        "Somebody signed up with this address a moment ago. Accept with their password.",
      );
  }
}

function overInvitation(): TollgateError {
  return new TollgateError(
    "NOT_FOUND",
    "There is no such invitation, or it was used or withdrawn, or has expired. Ask for a new one.",
  );
}
