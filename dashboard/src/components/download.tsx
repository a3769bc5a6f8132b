import { gql, useClient } from "urql";

/** Asked right before a download, which cannot renew a session that has run out; this can. */
const StillSignedIn = gql`
  query StillSignedIn {
    me {
      id
    }
  }
`;

/** Has the browser itself fetch a file of the gateway's: however large it is, nothing of it goes through the page. */
export function useDownload(): (path: string, fileName: string) => Promise<void> {
  const client = useClient();
  return async (path, fileName) => {
    await client.query(StillSignedIn, {}, { requestPolicy: "network-only" });
    const link = document.createElement("a");
    link.href = path;
    link.download = fileName;
    link.click();
  };
}
