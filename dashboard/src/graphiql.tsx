import "@fontsource-variable/inter/wght.css";
import "graphiql/style.css";
import "./graphiql.css";
import type { FetcherParams } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import type { ExecutionResult } from "graphql";
import { createRoot } from "react-dom/client";
import { refresh } from "./session/session.ts";

/** Asks as the person who is signed in; where the access token has run out, the next one is got first. */
async function ask(params: FetcherParams): Promise<ExecutionResult> {
  const first = await post(params);
  if (first.status !== 401 && !(await isUnauthenticated(first))) return await first.json();
  if (await refresh()) return await (await post(params)).json();
  window.location.assign("/");
  return await first.json();
}

async function post(params: FetcherParams): Promise<Response> {
  return await fetch("/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(params),
  });
}

async function isUnauthenticated(response: Response): Promise<boolean> {
  return (await response.clone().text()).includes('"code":"UNAUTHENTICATED"');
}

const welcome = `# The whole schema, as you. Ctrl-Space completes, Ctrl-Enter asks.
query Me {
  me {
    kind
    permissions
    user {
      email
    }
  }
}
`;

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no place for GraphiQL.");
createRoot(root).render(
  <GraphiQL fetcher={ask} defaultQuery={welcome} isHeadersEditorEnabled={false}>
    <GraphiQL.Logo>
      <a href="/">Tollgate</a>
    </GraphiQL.Logo>
  </GraphiQL>,
);
