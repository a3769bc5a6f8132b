import { useClient } from "urql";
import { graphql } from "../graphql/generated/gql.ts";

/** Asked right before a download, which cannot renew a session that has run out; this can. */
const StillHereDocument = graphql(`
  query StillHere {
    me {
      id
    }
  }
`);

/** Has the browser itself fetch a file of the gateway's: however large it is, nothing of it goes through the page. */
export function useDownload(): (path: string, fileName: string) => Promise<void> {
  const client = useClient();
  return async (path, fileName) => {
    await client.query(StillHereDocument, {}, { requestPolicy: "network-only" });
    const link = document.createElement("a");
    link.href = path;
    link.download = fileName;
    link.click();
  };
}
