import { createContext, useContext } from "react";
import { graphql } from "../graphql/generated/gql.ts";

/** Who is signed in, read once for the whole dashboard. */
export const WhoDocument = graphql(`
  query Who {
    me {
      kind
      id
      permissions
      tenantId
      isOperator
      memberships {
        tenantId
        tenantName
      }
      user {
        id
        email
      }
    }
  }
`);

export interface Who {
  kind: "MEMBER" | "OPERATOR";
  userId: string;
  email: string;
  permissions: ReadonlySet<string>;
  tenantId: string | null;
  tenantName: string | null;
  /** Where they can go: their tenants, and above them if they are an operator. */
  places: { tenantId: string | null; name: string }[];
}

export interface Session {
  who: Who;
  /** To be called when the cookies have changed, or are gone: everything is read anew. */
  restart: () => void;
}

const SessionContext = createContext<Session | undefined>(undefined);
export const SessionProvider = SessionContext.Provider;

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error("Nobody is signed in here.");
  return session;
}

/** Whether the person may, so that nothing is offered that would be refused. */
export function useMay(permission: string): boolean {
  return useSession().who.permissions.has(permission);
}
