import "@fontsource-variable/inter/wght.css";
import "@mantine/core/styles.css";
import "./styles/ground.css";
import "./styles/shell.css";
import "./styles/page.css";
import "./styles/table.css";
import "./styles/states.css";
import "./styles/usage.css";
import "./styles/playground.css";
import "./styles/models.css";
import "./styles/jobs.css";
import "./styles/billing.css";
import "./styles/narrow.css";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { pageNonce } from "./nonce.ts";

// For the styles that a dialog writes to keep the page behind it from scrolling.
setNonce(pageNonce());

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no place for the dashboard.");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
