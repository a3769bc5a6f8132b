import { once } from "node:events";
import net from "node:net";

export interface TcpProxy {
  /** The same database, reached through the proxy. */
  url: string;
  /** From now on the open connections carry nothing, though neither side is told. */
  muteOpenConnections(): void;
  /** Mutes the open connections, and every new one until `accept`: a cable that was pulled. */
  mute(): void;
  /** Ends the open connections and lets no new one in, until `accept`. */
  refuse(): void;
  /** New connections work. Mute ones stay mute. */
  accept(): void;
  close(): Promise<void>;
}

/** Stands between a gateway and its Postgres, so that a test can break what is between them. */
export async function startTcpProxy(databaseUrl: string): Promise<TcpProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<net.Socket>();
  let state: "accepting" | "refusing" | "mute" = "accepting";
  const keep = (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  };
  const server = net.createServer((incoming) => {
    if (state === "refusing") {
      incoming.destroy();
      return;
    }
    keep(incoming);
    if (state === "mute") return;
    const outgoing = net.connect(Number(target.port), target.hostname);
    keep(outgoing);
    incoming.pipe(outgoing);
    outgoing.pipe(incoming);
    incoming.on("close", () => outgoing.destroy());
    outgoing.on("close", () => incoming.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port.");
  const url = new URL(databaseUrl);
  url.hostname = "127.0.0.1";
  url.port = String(address.port);

  const muteOpenConnections = () => {
    for (const socket of sockets) socket.unpipe().pause();
  };
  return {
    url: url.href,
    muteOpenConnections,
    mute() {
      state = "mute";
      muteOpenConnections();
    },
    refuse() {
      state = "refusing";
      for (const socket of sockets) socket.destroy();
    },
    accept() {
      state = "accepting";
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
